-- finish: users (email): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- First drop the indexes that contain a plaintext column.
-- If you use the shell of SQLite, run `sqlite3 -bail`: otherwise the shell continues after an error.
-- SQLite keeps the bytes of a dropped column in free pages until VACUUM, and in the file of the WAL until PRAGMA wal_checkpoint(TRUNCATE).
UPDATE "users" SET "email" = "email" WHERE 0;
