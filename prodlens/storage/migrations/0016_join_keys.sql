-- Which pull request a call belongs to: what sessions say of it, the commit worked on, and where the call was made.
ALTER TABLE sessions ADD COLUMN commit_sha TEXT;          -- commit that was checked out
ALTER TABLE sessions ADD COLUMN origin TEXT;              -- workflow or desk; NULL: not known
-- The commits that calls name, of which most name none.
CREATE INDEX sessions_commits ON sessions (commit_sha) WHERE commit_sha IS NOT NULL;

-- A session was linked to a pull request.
CREATE TABLE session_links (
  session_id TEXT NOT NULL,
  linked_at TEXT NOT NULL,
  repo_slug TEXT NOT NULL,
  pull_request INTEGER NOT NULL,
  PRIMARY KEY (session_id, linked_at, repo_slug, pull_request)
) WITHOUT ROWID;

-- From a moment on a session worked on this branch, whatever its lines go on to say.
CREATE TABLE session_branches (
  session_id TEXT NOT NULL,
  since TEXT NOT NULL,
  branch TEXT NOT NULL,             -- '': on the one that its lines name
  PRIMARY KEY (session_id, since, branch)
) WITHOUT ROWID;

-- A pull request that is read from git has no opening time.
DROP INDEX pull_requests_repo_created;
ALTER TABLE pull_requests RENAME COLUMN created_at TO opened;
ALTER TABLE pull_requests ADD COLUMN created_at TEXT;     -- NULL: not known, since it was read from git
UPDATE pull_requests SET created_at = opened;
ALTER TABLE pull_requests DROP COLUMN opened;
CREATE INDEX pull_requests_repo_created ON pull_requests (repo_slug, created_at);

-- What was ingested before is read again when it is given again, since these were not kept.
DELETE FROM known_files;
