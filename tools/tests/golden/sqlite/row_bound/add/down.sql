-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
UPDATE "users" SET "email" = "email" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email" IS NOT NULL AND "email_plain" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.name has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "name" IS NOT NULL AND "name_plain" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.iban has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "iban" IS NOT NULL AND "iban_plain" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.phone has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "phone" IS NOT NULL AND "phone_plain" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.note has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "note" IS NOT NULL AND "note_plain" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_row_key";
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_row_key";
DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_row_key";
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_row_key";
ALTER TABLE "users"
    DROP COLUMN "email";
DROP INDEX IF EXISTS "users_email_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "email_index";
ALTER TABLE "users"
    DROP COLUMN "name";
ALTER TABLE "users"
    DROP COLUMN "iban";
ALTER TABLE "users"
    DROP COLUMN "phone";
ALTER TABLE "users"
    DROP COLUMN "note";
