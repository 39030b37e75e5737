-- finish: users (email, name, iban, phone, note): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- First drop the indexes that contain a plaintext column.
-- If you use the shell of SQLite, run `sqlite3 -bail`: otherwise the shell continues after an error.
-- SQLite keeps the bytes of a dropped column in free pages until VACUUM, and in the file of the WAL until PRAGMA wal_checkpoint(TRUNCATE).
UPDATE "users" SET "email" = "email" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email_plain has plaintexts that are not encrypted in email" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email_plain" IS NOT NULL AND "email" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email has values that email_index does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email" IS NOT NULL AND "email_index" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.name_plain has plaintexts that are not encrypted in name" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "name_plain" IS NOT NULL AND "name" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.iban_plain has plaintexts that are not encrypted in iban" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "iban_plain" IS NOT NULL AND "iban" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.phone_plain has plaintexts that are not encrypted in phone" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "phone_plain" IS NOT NULL AND "phone" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.note_plain has plaintexts that are not encrypted in note" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "note_plain" IS NOT NULL AND "note" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax";
ALTER TABLE "users"
    DROP COLUMN "email_plain";
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_relax";
ALTER TABLE "users"
    DROP COLUMN "name_plain";
DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_relax";
ALTER TABLE "users"
    DROP COLUMN "iban_plain";
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_relax";
ALTER TABLE "users"
    DROP COLUMN "phone_plain";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_relax";
ALTER TABLE "users"
    DROP COLUMN "note_plain";
