"""A made-up team's twelve weeks, and the road of a run through them: what ``make report`` shows first."""
