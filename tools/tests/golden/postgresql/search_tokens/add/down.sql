-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "name" IS NOT NULL AND "name_plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.name has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "users_name_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_name_diesel_envelope_backfill"();
    ALTER TABLE "users"
        DROP COLUMN "name",
        DROP COLUMN "name_index",
        DROP COLUMN "name_tokens";
END
$diesel_envelope$;
