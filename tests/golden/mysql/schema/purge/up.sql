-- purge: app.users (email): what was dropped goes from the files of the database too.
-- To be run after finish, at a quiet hour: the table is rewritten.
-- The binary log and backups keep what they have.
ALTER TABLE `app`.`users` FORCE;
