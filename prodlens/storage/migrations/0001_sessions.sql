-- A row is one model call. Unknown is NULL, never zero; tokens are the documented exception.
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
);
CREATE UNIQUE INDEX sessions_trace_hash ON sessions (trace_hash);
CREATE INDEX sessions_event_date ON sessions (event_date);

-- Every distinct record of a call of which there are several; the row in sessions is merged from them.
CREATE TABLE session_parts (
  trace_hash TEXT NOT NULL,
  digest TEXT NOT NULL,             -- of the record less a computed cost
  part TEXT NOT NULL,               -- JSON of the columns of sessions
  PRIMARY KEY (trace_hash, digest)
) WITHOUT ROWID;
-- Which call proposed a tool use, and what became of it.
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
-- What was read, for the report's data quality.
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
-- Large files that were ingested to their end, while the rows that they brought are all there.
CREATE TABLE known_files (
  digest TEXT PRIMARY KEY,          -- of the content and of what else its rows depend on
  before_id INTEGER NOT NULL,       -- its rows are those of sessions after this one
  last_id INTEGER NOT NULL,         -- and up to this one
  counts TEXT NOT NULL,             -- JSON: what became of it
  partitions TEXT NOT NULL          -- JSON list of [folder, day]
) WITHOUT ROWID;
-- Partitions of a lake that changed in the store and are not written yet: what a killed run left to do.
CREATE TABLE lake_pending (
  lake TEXT NOT NULL,               -- absolute path
  folder TEXT NOT NULL,
  event_date TEXT NOT NULL,
  PRIMARY KEY (lake, folder, event_date)
) WITHOUT ROWID;
