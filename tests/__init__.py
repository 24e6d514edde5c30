"""The tests of ProdLens; the folder mirrors ``prodlens/``."""
