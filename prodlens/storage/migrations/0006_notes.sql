-- What a database says of itself, such as that it holds a simulated team or a digest of its content.
CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO notes SELECT endpoint, etag FROM etags WHERE endpoint GLOB 'cache:*';
-- The heads of clones are not kept any more: a clone is read whole.
DELETE FROM etags WHERE endpoint GLOB 'cache:*' OR endpoint GLOB 'git:*';
INSERT INTO notes SELECT job_name, checkpoint_timestamp FROM checkpoints WHERE job_name = 'simulated';
DELETE FROM checkpoints WHERE job_name = 'simulated';
