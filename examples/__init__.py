"""What a clone brings to look at: workflows, traces of real programs, and a made-up team."""
