-- What a cost and a time are worth: what changes a price beside tokens, and whether a time is that of a file.
ALTER TABLE sessions ADD COLUMN price_modifier TEXT;      -- fast, priority, flex or batch
ALTER TABLE sessions ADD COLUMN web_searches INTEGER;     -- billed beside the tokens
ALTER TABLE sessions ADD COLUMN time_is_estimated INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN price_caveat TEXT;        -- why a computed cost may differ from the bill

-- What was ingested before is read again when it is given again, since these were not kept.
DELETE FROM known_files;
