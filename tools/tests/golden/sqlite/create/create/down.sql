-- Drops the encrypted columns and their values.
ALTER TABLE "users"
    DROP COLUMN "email";
DROP INDEX IF EXISTS "users_email_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "email_index";
ALTER TABLE "users"
    DROP COLUMN "iban";
DROP INDEX IF EXISTS "users_iban_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "iban_index";
DROP INDEX IF EXISTS "users_iban_last4_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "iban_last4_index";
