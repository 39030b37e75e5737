-- Drops the index.
DROP INDEX CONCURRENTLY IF EXISTS "users_name_tokens_diesel_envelope_idx";
