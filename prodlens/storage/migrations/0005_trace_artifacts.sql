-- The trace artifacts that need no second look, each written in one transaction with the rows that it brought.
CREATE TABLE trace_artifacts (
  artifact_id INTEGER PRIMARY KEY,
  repo_slug TEXT NOT NULL,
  name TEXT NOT NULL,
  ingested_at TEXT NOT NULL,
  expires_at TEXT,                  -- NULL: GitHub did not say
  outcome TEXT                      -- why it was passed over for good; NULL: it was ingested
);

-- Where the next run goes on in a list of artifacts that is longer than one run reads.
CREATE TABLE artifact_walks (
  repo_slug TEXT NOT NULL,
  name TEXT NOT NULL,               -- the name that the list is filtered by; '' the whole list
  next_page INTEGER NOT NULL,
  PRIMARY KEY (repo_slug, name)
) WITHOUT ROWID;
