-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
UPDATE "users" SET "email" = "email" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email" IS NOT NULL AND "email_plain" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_backfill";
ALTER TABLE "users"
    DROP COLUMN "email";
DROP INDEX IF EXISTS "users_email_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "email_index";
