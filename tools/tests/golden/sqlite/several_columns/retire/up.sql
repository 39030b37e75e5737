-- retire: users (email, phone, age, note): drops the first index columns.
-- Run it when no program reads or writes these columns.
-- SQLite cannot drop a column that CREATE TABLE declares UNIQUE.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_first";
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_first";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_first";
DROP INDEX IF EXISTS "users_email_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "email_index";
DROP INDEX IF EXISTS "users_phone_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "phone_index";
DROP INDEX IF EXISTS "users_phone_last4_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "phone_last4_index";
DROP INDEX IF EXISTS "users_note_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "note_index";
