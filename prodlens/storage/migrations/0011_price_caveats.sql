-- The few calls that the data quality of a report counts by themselves.
CREATE INDEX sessions_report_caveats ON sessions (price_caveat, timestamp, repo_slug) WHERE price_caveat IS NOT NULL;
CREATE INDEX sessions_report_estimated ON sessions (time_is_estimated, timestamp, repo_slug)
   WHERE time_is_estimated = 1;
