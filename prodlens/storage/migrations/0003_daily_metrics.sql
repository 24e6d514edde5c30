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
