"""The action and the local run: one program, the only code that knows GitHub Actions."""
