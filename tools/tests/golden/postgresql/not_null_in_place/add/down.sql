-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    DROP TRIGGER "users_note_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_note_diesel_envelope_backfill"();
    ALTER TABLE "users"
        DROP COLUMN "note_index";
END
$diesel_envelope$;
