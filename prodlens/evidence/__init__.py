"""What AI did: the signs of it on commits and pull requests."""
