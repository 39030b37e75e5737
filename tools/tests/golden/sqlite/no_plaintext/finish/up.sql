-- finish: users (email): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- Drop indexes over a plaintext column before. With the shell of SQLite only by `sqlite3 -bail`: it goes on after errors.
-- SQLite keeps its bytes in free pages until VACUUM, and a WAL in its file until PRAGMA wal_checkpoint(TRUNCATE).
UPDATE "users" SET "email" = "email" WHERE 0;
