-- Drops the index.
DROP INDEX CONCURRENTLY IF EXISTS "users_iban_last4_index_diesel_envelope_idx";
