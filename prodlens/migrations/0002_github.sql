CREATE TABLE pull_requests (
  id INTEGER PRIMARY KEY,
  repo_slug TEXT,                   -- NULL: belongs to every repository's report
  number INTEGER,
  title TEXT,
  author TEXT,
  author_type TEXT,                 -- User, Bot, Mannequin ...
  state TEXT NOT NULL,              -- open or closed
  draft INTEGER,
  created_at TEXT NOT NULL,
  merged_at TEXT,
  closed_at TEXT,
  updated_at TEXT,
  reopened INTEGER NOT NULL DEFAULT 0,
  reopened_at TEXT,                 -- first reopening
  first_review_at TEXT,
  additions INTEGER,
  deletions INTEGER,
  changed_files INTEGER,
  commit_count INTEGER,
  labels TEXT,                      -- JSON list of names
  head_ref TEXT,
  head_sha TEXT,
  head_repo TEXT,
  base_ref TEXT,
  merge_commit_sha TEXT
);
CREATE INDEX pull_requests_repo_created ON pull_requests (repo_slug, created_at);
CREATE INDEX pull_requests_repo_merged ON pull_requests (repo_slug, merged_at);

CREATE TABLE commits (
  id INTEGER PRIMARY KEY,
  sha TEXT NOT NULL,
  repo_slug TEXT,                   -- NULL: belongs to every repository's report
  author TEXT,                      -- login where known, else the bare name
  author_is_login INTEGER NOT NULL DEFAULT 0,
  timestamp TEXT NOT NULL,          -- committer date
  branch TEXT,
  parents INTEGER,
  trailers TEXT                     -- JSON list of [key, value]; e-mail addresses left out
);
CREATE UNIQUE INDEX commits_sha ON commits (sha, ifnull(repo_slug, ''));
CREATE INDEX commits_repo_timestamp ON commits (repo_slug, timestamp);

CREATE TABLE checkpoints (
  job_name TEXT PRIMARY KEY,
  checkpoint_timestamp TEXT NOT NULL
);
CREATE TABLE etags (
  endpoint TEXT PRIMARY KEY,
  etag TEXT NOT NULL
);
