-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "email" IS NOT NULL AND "email_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.email has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_email_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_email_diesel_envelope_backfill"();
    DROP TRIGGER "users_email_diesel_envelope_row_key" ON "users";
    DROP FUNCTION "users_email_diesel_envelope_row_key"();
    IF EXISTS (SELECT FROM "users" WHERE "name" IS NOT NULL AND "name_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.name has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_name_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_name_diesel_envelope_backfill"();
    DROP TRIGGER "users_name_diesel_envelope_row_key" ON "users";
    DROP FUNCTION "users_name_diesel_envelope_row_key"();
    IF EXISTS (SELECT FROM "users" WHERE "iban" IS NOT NULL AND "iban_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.iban has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_iban_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_iban_diesel_envelope_backfill"();
    DROP TRIGGER "users_iban_diesel_envelope_row_key" ON "users";
    DROP FUNCTION "users_iban_diesel_envelope_row_key"();
    IF EXISTS (SELECT FROM "users" WHERE "phone" IS NOT NULL AND "phone_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.phone has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_phone_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_phone_diesel_envelope_backfill"();
    DROP TRIGGER "users_phone_diesel_envelope_row_key" ON "users";
    DROP FUNCTION "users_phone_diesel_envelope_row_key"();
    IF EXISTS (SELECT FROM "users" WHERE "note" IS NOT NULL AND "note_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.note has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_note_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_note_diesel_envelope_backfill"();
    ALTER TABLE "users"
        DROP COLUMN "email",
        DROP COLUMN "email_index",
        DROP COLUMN "name",
        DROP COLUMN "iban",
        DROP COLUMN "phone",
        DROP COLUMN "note";
END
$diesel_envelope$;
