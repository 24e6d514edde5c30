CREATE TABLE sessions (
  id INTEGER PRIMARY KEY,
  trace_hash TEXT NOT NULL,
  session_id TEXT,
  developer_id TEXT,
  timestamp TEXT NOT NULL,          -- ISO 8601, UTC, so that text order is time order
  event_date TEXT NOT NULL,         -- UTC calendar day
  model TEXT,
  tokens_in INTEGER NOT NULL DEFAULT 0,
  tokens_out INTEGER NOT NULL DEFAULT 0,
  total_tokens INTEGER NOT NULL DEFAULT 0,
  latency_ms REAL,
  status_code INTEGER,
  accepted_flag INTEGER NOT NULL DEFAULT 0,
  acceptance_known INTEGER NOT NULL DEFAULT 1,
  repo_slug TEXT,
  diff_ratio REAL,
  accepted_lines INTEGER,
  cost_usd REAL,
  cost_source TEXT,
  provider TEXT,
  cache_read_tokens INTEGER,
  cache_write_tokens INTEGER,
  cache_write_1h_tokens INTEGER,
  reasoning_tokens INTEGER,
  status_reason TEXT,
  decision TEXT,
  source TEXT,
  call_id TEXT,
  partial INTEGER NOT NULL DEFAULT 0,
  cost_is_final INTEGER NOT NULL DEFAULT 0,
  branch TEXT,
  pull_request INTEGER
, price_modifier TEXT, web_searches INTEGER, time_is_estimated INTEGER NOT NULL DEFAULT 0, price_caveat TEXT, commit_sha TEXT, origin TEXT);
CREATE UNIQUE INDEX sessions_trace_hash ON sessions (trace_hash);
CREATE INDEX sessions_event_date ON sessions (event_date);
CREATE TABLE session_parts (
  trace_hash TEXT NOT NULL,
  digest TEXT NOT NULL,             -- of the record less a computed cost
  part TEXT NOT NULL,               -- JSON of the columns of sessions
  PRIMARY KEY (trace_hash, digest)
) WITHOUT ROWID;
CREATE TABLE tool_uses (
  tool_use_id TEXT NOT NULL,
  trace_hash TEXT NOT NULL,
  PRIMARY KEY (tool_use_id, trace_hash)
) WITHOUT ROWID;
CREATE INDEX tool_uses_trace_hash ON tool_uses (trace_hash);
CREATE TABLE decisions (
  tool_use_id TEXT NOT NULL,
  digest TEXT NOT NULL,             -- of the decision's content: the same one twice is one row
  verdict TEXT NOT NULL,            -- accept, reject or automatic
  source TEXT,
  accepted_lines INTEGER,
  diff_ratio REAL,
  decided_at TEXT,
  PRIMARY KEY (tool_use_id, digest)
) WITHOUT ROWID;
CREATE TABLE ingestions (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,             -- path, archive!member or "-"
  ingested_at TEXT,
  entries INTEGER NOT NULL,         -- JSON values, or lines that are none
  stored INTEGER NOT NULL,          -- calls
  skipped TEXT NOT NULL,            -- JSON: count by kind
  dead INTEGER NOT NULL,            -- entries among the dead letters
  latency_withheld INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX ingestions_source ON ingestions (source);
CREATE TABLE lake_pending (
  lake TEXT NOT NULL,               -- absolute path
  folder TEXT NOT NULL,
  event_date TEXT NOT NULL,
  PRIMARY KEY (lake, folder, event_date)
) WITHOUT ROWID;
CREATE TABLE pull_requests (
  id INTEGER PRIMARY KEY,
  repo_slug TEXT,                   -- NULL: belongs to every repository's report
  number INTEGER,
  title TEXT,
  author TEXT,
  author_type TEXT,                 -- User, Bot, Mannequin ...
  state TEXT NOT NULL,              -- open or closed
  draft INTEGER,
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
, review_count INTEGER, changes_requested INTEGER, review_rounds INTEGER, ready_at TEXT, reverts INTEGER, reverted_at TEXT, body_signs TEXT, created_at TEXT);
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
, reverts TEXT);
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
CREATE TABLE pull_request_commits (
  pull_request_id INTEGER NOT NULL,
  sha TEXT NOT NULL,
  author TEXT,                      -- as in commits
  author_is_login INTEGER NOT NULL DEFAULT 0,
  timestamp TEXT NOT NULL,          -- committer date
  trailers TEXT,                    -- as in commits
  PRIMARY KEY (pull_request_id, sha)
) WITHOUT ROWID;
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
  walk_started_at TEXT, failed INTEGER NOT NULL DEFAULT 0, walk_head TEXT, total INTEGER, newest INTEGER, counted_at TEXT, seen_since TEXT,
  PRIMARY KEY (repo_slug, stream)
) WITHOUT ROWID;
CREATE TABLE missing_commits (
  repo_slug TEXT NOT NULL,
  sha TEXT NOT NULL,
  PRIMARY KEY (repo_slug, sha)
) WITHOUT ROWID;
CREATE TABLE repositories (
  repo_slug TEXT PRIMARY KEY,
  default_branch TEXT
, github_id INTEGER) WITHOUT ROWID;
CREATE TABLE daily_session_metrics (
  event_date TEXT NOT NULL,
  developer_id TEXT,                -- NULL: the row for everybody
  session_count INTEGER NOT NULL DEFAULT 0,
  total_tokens INTEGER NOT NULL DEFAULT 0,
  accepted_count INTEGER NOT NULL DEFAULT 0,
  error_count INTEGER NOT NULL DEFAULT 0,
  median_latency_ms REAL,
  cost_usd REAL
);
CREATE UNIQUE INDEX daily_session_metrics_key ON daily_session_metrics (event_date, ifnull(developer_id, ''));
CREATE TABLE daily_github_metrics (
  event_date TEXT PRIMARY KEY,
  merged_pr_count INTEGER NOT NULL DEFAULT 0,
  commit_count INTEGER NOT NULL DEFAULT 0,
  reopened_pr_count INTEGER NOT NULL DEFAULT 0,
  avg_merge_hours REAL
);
CREATE TABLE call_aliases (
  alias TEXT NOT NULL,              -- hash of the further id, as trace_hash is of a record that knows no other
  trace_hash TEXT NOT NULL,         -- of the call that claims it; an alias that two calls claim joins nothing
  PRIMARY KEY (alias, trace_hash)
) WITHOUT ROWID;
CREATE INDEX call_aliases_trace_hash ON call_aliases (trace_hash);
CREATE TABLE trace_artifacts (
  artifact_id INTEGER PRIMARY KEY,
  repo_slug TEXT NOT NULL,
  name TEXT NOT NULL,
  ingested_at TEXT NOT NULL,
  expires_at TEXT,                  -- NULL: GitHub did not say
  outcome TEXT                      -- why it was passed over for good; NULL: it was ingested
);
CREATE TABLE artifact_walks (
  repo_slug TEXT NOT NULL,
  name TEXT NOT NULL,               -- the name that the list is filtered by; '' the whole list
  next_page INTEGER NOT NULL,
  PRIMARY KEY (repo_slug, name)
) WITHOUT ROWID;
CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE usage_days (
  key TEXT PRIMARY KEY,             -- what is summed; a later report of it replaces the row
  day TEXT NOT NULL,                -- the vendor's day, YYYY-MM-DD
  tool TEXT NOT NULL,               -- copilot, cursor, claude-code or openrouter
  source TEXT NOT NULL,             -- format that the row was read from
  person TEXT,
  model TEXT,
  repo_slug TEXT,
  tokens_in INTEGER,                -- NULL: the vendor gives no tokens
  tokens_out INTEGER,
  cache_read_tokens INTEGER,
  cache_write_tokens INTEGER,
  quantity REAL,                    -- in unit: requests, ai-credits or sessions
  unit TEXT,
  gross_usd REAL,                   -- by the vendor's price list
  net_usd REAL                      -- what is billed
) WITHOUT ROWID;
CREATE INDEX usage_days_tool_day ON usage_days (tool, day);
CREATE TABLE seen_pull_requests (
  repo_slug TEXT NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (repo_slug, id)
) WITHOUT ROWID;
CREATE TABLE commit_parents (
  repo_slug TEXT NOT NULL,
  sha TEXT NOT NULL,
  parent TEXT NOT NULL,
  PRIMARY KEY (repo_slug, sha, parent)
) WITHOUT ROWID;
CREATE INDEX sessions_report_caveats ON sessions (price_caveat, timestamp, repo_slug) WHERE price_caveat IS NOT NULL;
CREATE INDEX sessions_report_estimated ON sessions (time_is_estimated, timestamp, repo_slug)
   WHERE time_is_estimated = 1;
CREATE TABLE known_files (
  source TEXT PRIMARY KEY,          -- as in ingestions
  signature TEXT NOT NULL,          -- JSON: the file's status, and a digest of what else its rows depend on
  outcome TEXT NOT NULL,            -- JSON: what became of it
  partitions TEXT NOT NULL          -- JSON list of [folder, day]
) WITHOUT ROWID;
CREATE TRIGGER sessions_forget_files AFTER DELETE ON sessions
WHEN NOT EXISTS (SELECT 1 FROM call_aliases WHERE alias = old.trace_hash)
BEGIN DELETE FROM known_files; END;
CREATE TABLE ai_notes (
  repo_slug TEXT NOT NULL,
  sha TEXT NOT NULL,                -- the commit
  blob TEXT NOT NULL,               -- git's name for the note's content: a note that has another one is read again
  ai_lines INTEGER NOT NULL,        -- lines marked as an agent's; 0: none, or the note could not be read
  human_lines INTEGER NOT NULL,     -- lines marked as typed by a person
  added_lines INTEGER,              -- lines that the commit adds; NULL: not known, as of merges in a clone
  agents TEXT NOT NULL,             -- JSON list of [tool as git-ai names it, model, lines], most lines first
  PRIMARY KEY (repo_slug, sha)
) WITHOUT ROWID;
CREATE INDEX sessions_commits ON sessions (commit_sha) WHERE commit_sha IS NOT NULL;
CREATE TABLE session_links (
  session_id TEXT NOT NULL,
  linked_at TEXT NOT NULL,
  repo_slug TEXT NOT NULL,
  pull_request INTEGER NOT NULL,
  PRIMARY KEY (session_id, linked_at, repo_slug, pull_request)
) WITHOUT ROWID;
CREATE TABLE session_branches (
  session_id TEXT NOT NULL,
  since TEXT NOT NULL,
  branch TEXT NOT NULL,             -- '': on the one that its lines name
  PRIMARY KEY (session_id, since, branch)
) WITHOUT ROWID;
CREATE INDEX pull_requests_repo_created ON pull_requests (repo_slug, created_at);
CREATE INDEX pull_requests_repo_number ON pull_requests (repo_slug, number);
