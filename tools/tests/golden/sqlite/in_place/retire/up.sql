-- retire: users (note): the first index columns go.
-- To be run when no program reads or writes them any more.
-- SQLite cannot drop a column that CREATE TABLE declares UNIQUE.
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_first";
DROP INDEX IF EXISTS "users_note_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "note_index";
