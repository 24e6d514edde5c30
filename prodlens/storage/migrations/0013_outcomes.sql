-- What became of a pull request: reviews, when it was ready for them, and whether it was reverted. What was read without
-- these is read again with the next sync: details by GraphQL, the lists from the beginning, a clone whole.
ALTER TABLE pull_requests ADD COLUMN review_count INTEGER;       -- of its first 100 reviews, those submitted by people other than the author; NULL: not read
ALTER TABLE pull_requests ADD COLUMN changes_requested INTEGER;  -- how many of these ask for changes
-- Verdicts are reviews of these that approve, ask for changes or were dismissed since. Those on one commit are a round:
-- a verdict on a commit that no verdict before it was on begins another. 0: nobody gave a verdict.
ALTER TABLE pull_requests ADD COLUMN review_rounds INTEGER;
ALTER TABLE pull_requests ADD COLUMN ready_at TEXT;      -- last time it was marked ready for review; NULL: it never was a draft, or not read
ALTER TABLE pull_requests ADD COLUMN reverts INTEGER;    -- number of the pull request that it says it reverts
ALTER TABLE pull_requests ADD COLUMN reverted_at TEXT;   -- when a pull request that reverts it was merged first; without one, the first commit that does
ALTER TABLE commits ADD COLUMN reverts TEXT;             -- JSON list of the shas that its message says it reverts; NULL: none

UPDATE sync_streams SET covered_since = NULL, cursor = NULL, walk_next = NULL, walk_kind = NULL, walk_since = NULL,
  walk_top = NULL, walk_etag = NULL, walk_started_at = NULL, walk_head = NULL;
UPDATE etags SET etag = '' WHERE endpoint GLOB 'git:*';  -- the mark stays: the commits are a clone's
