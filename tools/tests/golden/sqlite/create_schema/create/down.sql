-- Drops the encrypted columns and their values.
ALTER TABLE "app"."users"
    DROP COLUMN "email";
DROP INDEX IF EXISTS "app"."users_email_index_diesel_envelope_idx";
ALTER TABLE "app"."users"
    DROP COLUMN "email_index";
