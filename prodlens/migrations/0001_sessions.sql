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
