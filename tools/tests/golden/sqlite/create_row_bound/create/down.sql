-- Drops the encrypted columns and their values.
DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_row_key";
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_row_key";
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_row_key";
ALTER TABLE "users"
    DROP COLUMN "iban";
ALTER TABLE "users"
    DROP COLUMN "email";
ALTER TABLE "users"
    DROP COLUMN "name";
