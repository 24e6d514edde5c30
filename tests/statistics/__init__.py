"""The statistics against outside references, and what holds for every input."""
