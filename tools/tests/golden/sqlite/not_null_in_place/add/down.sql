-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
UPDATE "users" SET "note" = "note" WHERE 0;
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_backfill";
DROP INDEX IF EXISTS "users_note_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "note_index";
