-- Builds an index beside the readers and writers of the table.
-- One that could not be built is left INVALID: drop it before this is run again.
CREATE UNIQUE INDEX CONCURRENTLY "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
