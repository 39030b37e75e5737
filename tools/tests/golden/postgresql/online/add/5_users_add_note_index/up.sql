-- Builds an index beside the readers and writers of the table.
-- One that could not be built is left INVALID: drop it before this is run again.
CREATE INDEX CONCURRENTLY "users_note_index_diesel_envelope_idx" ON "users" ("note_index");
