-- What a pull request's description says of AI tools; the description itself is not kept. Migration 13 has it read.
ALTER TABLE pull_requests ADD COLUMN body_signs TEXT;  -- JSON list of [tool, confidence, model, what it rests on]; NULL: nothing
