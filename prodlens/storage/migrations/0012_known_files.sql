-- Files that were ingested to their end are known by what the file system says of them, no longer by a digest of their
-- bytes, and also when they are small or when their calls joined others.
DROP TABLE known_files;
CREATE TABLE known_files (
  source TEXT PRIMARY KEY,          -- as in ingestions
  signature TEXT NOT NULL,          -- JSON: the file's status, and a digest of what else its rows depend on
  outcome TEXT NOT NULL,            -- JSON: what became of it
  partitions TEXT NOT NULL          -- JSON list of [folder, day]
) WITHOUT ROWID;
-- A call that is deleted comes back with its file. The row of an alias is not deleted but joins another call.
CREATE TRIGGER sessions_forget_files AFTER DELETE ON sessions
WHEN NOT EXISTS (SELECT 1 FROM call_aliases WHERE alias = old.trace_hash)
BEGIN DELETE FROM known_files; END;
