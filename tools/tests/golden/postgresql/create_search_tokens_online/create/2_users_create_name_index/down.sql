-- Drops the index.
DROP INDEX CONCURRENTLY IF EXISTS "users_name_index_diesel_envelope_idx";
