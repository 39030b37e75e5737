-- finish: users (name): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- First drop the indexes that contain a plaintext column.
-- If you use the shell of SQLite, run `sqlite3 -bail`: otherwise the shell continues after an error.
-- SQLite keeps the bytes of a dropped column in free pages until VACUUM, and in the file of the WAL until PRAGMA wal_checkpoint(TRUNCATE).
UPDATE "users" SET "name" = "name" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.name_plain has plaintexts that are not encrypted in name" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "name_plain" IS NOT NULL AND "name" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.name has rows without a value" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "name" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.name has values that name_index does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "name" IS NOT NULL AND "name_index" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.name has values that name_tokens does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "name" IS NOT NULL AND "name_tokens" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_relax";
CREATE TRIGGER "users_name_diesel_envelope_required_insert" BEFORE INSERT ON "users"
WHEN NEW."name" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.name may not be NULL');
END;
CREATE TRIGGER "users_name_diesel_envelope_required_update" BEFORE UPDATE OF "name" ON "users"
WHEN NEW."name" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.name may not be NULL');
END;
CREATE TRIGGER "users_name_index_diesel_envelope_required_insert" BEFORE INSERT ON "users"
WHEN NEW."name_index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.name_index may not be NULL');
END;
CREATE TRIGGER "users_name_index_diesel_envelope_required_update" BEFORE UPDATE OF "name_index" ON "users"
WHEN NEW."name_index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.name_index may not be NULL');
END;
CREATE TRIGGER "users_name_tokens_diesel_envelope_required_insert" BEFORE INSERT ON "users"
WHEN NEW."name_tokens" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.name_tokens may not be NULL');
END;
CREATE TRIGGER "users_name_tokens_diesel_envelope_required_update" BEFORE UPDATE OF "name_tokens" ON "users"
WHEN NEW."name_tokens" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.name_tokens may not be NULL');
END;
ALTER TABLE "users"
    DROP COLUMN "name_plain";
