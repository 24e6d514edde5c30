-- What git notes at refs/notes/ai, as git-ai writes them, say of the lines that a commit adds. Their text is not kept.
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
