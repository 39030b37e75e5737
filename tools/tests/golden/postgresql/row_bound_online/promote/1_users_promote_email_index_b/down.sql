-- Drops the index.
DROP INDEX CONCURRENTLY IF EXISTS "users_email_index_b_diesel_envelope_idx";
