-- purge: users (email): what was dropped goes from the files of the database too.
-- To be run after finish, at a quiet hour: the table is rewritten.
-- SQLite leaves deleted bytes in free pages, and a WAL in its file until it is truncated.
VACUUM;
PRAGMA wal_checkpoint(TRUNCATE);
