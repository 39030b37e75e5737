-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
UPDATE "users" SET "name" = "name" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.name has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "name" IS NOT NULL AND "name_plain" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_backfill";
ALTER TABLE "users"
    DROP COLUMN "name";
DROP INDEX IF EXISTS "users_name_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "name_index";
DROP TRIGGER IF EXISTS "users_name_tokens_diesel_envelope_insert";
DROP TRIGGER IF EXISTS "users_name_tokens_diesel_envelope_update";
DROP TRIGGER IF EXISTS "users_name_tokens_diesel_envelope_delete";
DROP TABLE "users_name_tokens";
ALTER TABLE "users"
    DROP COLUMN "name_tokens";
