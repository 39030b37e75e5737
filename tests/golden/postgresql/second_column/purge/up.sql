-- purge: users (email): what was dropped goes from the files of the database too.
-- To be run after finish, at a quiet hour: the table is rewritten.
-- Nobody reads the table meanwhile; pg_repack does the same beside its readers. WAL and backups keep what they have.
VACUUM FULL "users";
