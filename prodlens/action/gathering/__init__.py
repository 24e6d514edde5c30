"""What a run takes into the store: traces, commits and pull requests."""
