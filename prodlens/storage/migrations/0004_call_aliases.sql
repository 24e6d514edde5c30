-- Further ids of calls, such as the request id beside the message id: records of either are records of the one call.
CREATE TABLE call_aliases (
  alias TEXT NOT NULL,              -- hash of the further id, as trace_hash is of a record that knows no other
  trace_hash TEXT NOT NULL,         -- of the call that claims it; an alias that two calls claim joins nothing
  PRIMARY KEY (alias, trace_hash)
) WITHOUT ROWID;
CREATE INDEX call_aliases_trace_hash ON call_aliases (trace_hash);

-- What was ingested before is read again when it is given again, since aliases were not kept.
DELETE FROM known_files;
