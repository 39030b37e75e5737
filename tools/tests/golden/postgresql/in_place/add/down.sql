-- Drops what is encrypted. It fails, and changes nothing, where a row has a ciphertext and no plaintext.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    DROP TRIGGER "users_note_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_note_diesel_envelope_backfill"();
    ALTER TABLE "users"
        DROP COLUMN "note_index";
END
$diesel_envelope$;
