-- finish: a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be (a_column_whose_name_is_as_long_too): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- First drop the indexes that contain a plaintext column.
-- If you use the shell of SQLite, run `sqlite3 -bail`: otherwise the shell continues after an error.
-- SQLite keeps the bytes of a dropped column in free pages until VACUUM, and in the file of the WAL until PRAGMA wal_checkpoint(TRUNCATE).
UPDATE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" SET "a_column_whose_name_is_as_long_too" = "a_column_whose_name_is_as_long_too" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be.plain has plaintexts that are not encrypted in a_column_whose_name_is_as_long_too" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" WHERE "plain" IS NOT NULL AND "a_column_whose_name_is_as_long_too" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "a_table_whose_name_is_as_long_as_fd8d2362_diesel_envelope_relax";
ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
    DROP COLUMN "plain";
