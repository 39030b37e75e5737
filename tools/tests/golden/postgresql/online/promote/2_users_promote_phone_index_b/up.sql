-- Builds an index without blocking readers or writers of the table.
-- If the build fails, PostgreSQL leaves an INVALID index: drop it before you run this migration again.
CREATE UNIQUE INDEX CONCURRENTLY "users_phone_index_b_diesel_envelope_idx" ON "users" ("phone_index_b");
