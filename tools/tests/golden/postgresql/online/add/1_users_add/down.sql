-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "email" IS NOT NULL AND "email_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.email has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_email_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_email_diesel_envelope_backfill"();
    IF EXISTS (SELECT FROM "users" WHERE "phone" IS NOT NULL AND "phone_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.phone has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_phone_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_phone_diesel_envelope_backfill"();
    DROP TRIGGER "users_note_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_note_diesel_envelope_backfill"();
    ALTER TABLE "users"
        DROP COLUMN "email",
        DROP COLUMN "email_index",
        DROP COLUMN "phone",
        DROP COLUMN "phone_index",
        DROP COLUMN "phone_last4_index",
        DROP COLUMN "age",
        DROP COLUMN "note_index";
END
$diesel_envelope$;
