-- The store says what GitHub says now: what that takes to know which rows are gone.
ALTER TABLE sync_streams ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;  -- 1: the last run of the stream ended in an error
ALTER TABLE sync_streams ADD COLUMN walk_head TEXT;  -- commits: the commit whose history the walk reads
-- pull_requests: how many GitHub counted, and the newest number, before the walks since then began
ALTER TABLE sync_streams ADD COLUMN total INTEGER;
ALTER TABLE sync_streams ADD COLUMN newest INTEGER;
ALTER TABLE sync_streams ADD COLUMN counted_at TEXT;
ALTER TABLE sync_streams ADD COLUMN seen_since TEXT;  -- every row changed since then is in seen_pull_requests, or gone
ALTER TABLE repositories ADD COLUMN github_id INTEGER;  -- another one under the same name is another repository

-- The rows that pages brought while a walk is not proven to have missed none.
CREATE TABLE seen_pull_requests (
  repo_slug TEXT NOT NULL,
  id INTEGER NOT NULL,
  PRIMARY KEY (repo_slug, id)
) WITHOUT ROWID;

-- GitHub listed parent in the history of sha: as its parent or, where a page leaves the commits between them out, as
-- an older one. What no such steps join to the head of the default branch is not in the branch.
CREATE TABLE commit_parents (
  repo_slug TEXT NOT NULL,
  sha TEXT NOT NULL,
  parent TEXT NOT NULL,
  PRIMARY KEY (repo_slug, sha, parent)
) WITHOUT ROWID;

-- Commits have to be read once more, since their parents were not kept; pull requests, since they were not counted.
UPDATE sync_streams SET covered_since = NULL, cursor = NULL, walk_next = NULL, walk_kind = NULL, walk_since = NULL,
  walk_top = NULL, walk_etag = NULL, walk_started_at = NULL;
