"""What the tests of the statistics share."""

from __future__ import annotations

from hypothesis import settings

# The first example pays for importing scipy, and a busy machine for everything: time is measured in benchmarks.
settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")
