-- What vendors report of a person's or a model's day: sums over calls, which are never added to the calls of sessions.
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
