"""The statistics held against programs that others wrote, where these are installed: requirements-oracles.lock."""
