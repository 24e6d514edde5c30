"""The rules of one call, without SQL: what it costs, whether it was accepted, and how records of it merge."""
