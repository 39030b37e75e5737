-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "app"."users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "app"."users" WHERE "email" IS NOT NULL AND "email_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'app.users.email has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_email_diesel_envelope_backfill" ON "app"."users";
    DROP FUNCTION "app"."users_email_diesel_envelope_backfill"();
    ALTER TABLE "app"."users"
        DROP COLUMN "email",
        DROP COLUMN "email_index";
END
$diesel_envelope$;
