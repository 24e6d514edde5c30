"""The sections of a report; ``prodlens.metrics`` puts them together, and nobody else imports them."""
