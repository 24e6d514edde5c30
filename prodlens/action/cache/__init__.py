"""The cache between runs: restored when it can be trusted, saved when it has changed."""
