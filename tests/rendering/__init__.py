"""Tests of ``prodlens.rendering``."""
