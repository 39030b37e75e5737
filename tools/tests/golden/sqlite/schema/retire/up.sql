-- retire: app.users (email): drops the first index columns.
-- Run it when no program reads or writes these columns.
-- SQLite cannot drop a column that CREATE TABLE declares UNIQUE.
DROP TRIGGER IF EXISTS "app"."users_email_diesel_envelope_first";
DROP INDEX IF EXISTS "app"."users_email_index_diesel_envelope_idx";
ALTER TABLE "app"."users"
    DROP COLUMN "email_index";
