-- Drops the second columns.
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_shadow";
ALTER TABLE "users"
    DROP COLUMN "note_index_b";
