-- Drops what is encrypted. It fails, and changes nothing, where a row has a ciphertext and no plaintext.
UPDATE "users" SET "note" = "note" WHERE 0;
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_backfill";
DROP INDEX IF EXISTS "users_note_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "note_index";
