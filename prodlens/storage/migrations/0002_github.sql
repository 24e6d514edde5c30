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
  merge_commit_sha TEXT,
  node_id TEXT,                     -- GitHub's name for it in GraphQL
  details TEXT,                     -- how reopened and what follows it were read: graphql, events, unavailable; NULL: not yet
  details_for TEXT,                 -- updated_at that the details belong to
  truncated TEXT                    -- JSON object: nested list that is not read to its end, where it goes on
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
  trailers TEXT,                    -- JSON list of [key, value]; e-mail addresses left out
  from_github INTEGER NOT NULL DEFAULT 0  -- 1: read from GitHub, where logins are known; 0: from a clone or a caller
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

-- The commits of merged pull requests, which a squash or a rebase keeps off the default branch.
CREATE TABLE pull_request_commits (
  pull_request_id INTEGER NOT NULL,
  sha TEXT NOT NULL,
  author TEXT,                      -- as in commits
  author_is_login INTEGER NOT NULL DEFAULT 0,
  timestamp TEXT NOT NULL,          -- committer date
  trailers TEXT,                    -- as in commits
  PRIMARY KEY (pull_request_id, sha)
) WITHOUT ROWID;

-- How far each stream of a repository is synced. A walk reads pages from the newest down; walk_next is the page that
-- an interrupted one goes on with, and the rest of it is what it will have covered when it ends.
CREATE TABLE sync_streams (
  repo_slug TEXT NOT NULL,
  stream TEXT NOT NULL,             -- pull_requests or commits
  covered_since TEXT,               -- everything since then is stored; '' the whole history; NULL no walk has ended
  cursor TEXT,                      -- newest change that an ended walk has seen
  synced_at TEXT,                   -- everything that had happened by then is stored
  last_run_at TEXT,
  last_requests INTEGER NOT NULL DEFAULT 0,
  requests INTEGER NOT NULL DEFAULT 0,
  stopped TEXT,                     -- why the last run stopped before its end; NULL: it did not
  walk_next TEXT,
  walk_kind TEXT,                   -- update: down to the cursor; reach: down to walk_since
  walk_since TEXT,
  walk_top TEXT,
  walk_etag TEXT,
  walk_started_at TEXT,
  PRIMARY KEY (repo_slug, stream)
) WITHOUT ROWID;

-- Parents of stored commits that no page has brought yet; empty when a walk has ended.
CREATE TABLE missing_commits (
  repo_slug TEXT NOT NULL,
  sha TEXT NOT NULL,
  PRIMARY KEY (repo_slug, sha)
) WITHOUT ROWID;

CREATE TABLE repositories (
  repo_slug TEXT PRIMARY KEY,
  default_branch TEXT
) WITHOUT ROWID;
