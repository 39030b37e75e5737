-- retire: users (email, name, iban, phone, note): drops the first index columns.
-- Run it when no program reads or writes these columns.
-- SQLite cannot drop a column that CREATE TABLE declares UNIQUE.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_first";
DROP INDEX IF EXISTS "users_email_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "email_index";
