-- Drops the index.
DROP INDEX CONCURRENTLY IF EXISTS "users_note_index_diesel_envelope_idx";
