-- finish: users (email): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- Drop indexes over a plaintext column before. With the shell of SQLite only by `sqlite3 -bail`: it goes on after errors.
-- SQLite keeps its bytes in free pages until VACUUM, and a WAL in its file until PRAGMA wal_checkpoint(TRUNCATE).
UPDATE "users" SET "email" = "email" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email_plain has plaintexts that are not encrypted in email" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email_plain" IS NOT NULL AND "email" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email has values that email_index does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email" IS NOT NULL AND "email_index" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax";
DROP INDEX IF EXISTS "users_email_index_diesel_envelope_idx";
CREATE UNIQUE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
ALTER TABLE "users"
    DROP COLUMN "email_plain";
