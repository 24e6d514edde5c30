"""A stand-in for GitHub that tests talk to over real HTTP, held to GitHub's own descriptions of its API."""
