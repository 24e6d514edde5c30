"""A stand-in for GitHub that tests talk to over real HTTP."""
