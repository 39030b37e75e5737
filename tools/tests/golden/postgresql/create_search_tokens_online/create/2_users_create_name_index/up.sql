-- Builds an index without blocking readers or writers of the table.
-- If the build fails, PostgreSQL leaves an INVALID index: drop it before you run this migration again.
CREATE INDEX CONCURRENTLY "users_name_index_diesel_envelope_idx" ON "users" ("name_index");
