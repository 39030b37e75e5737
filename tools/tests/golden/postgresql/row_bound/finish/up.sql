-- finish: users (email, name, iban, phone, note): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- PostgreSQL also drops the indexes that contain a plaintext column.
-- PostgreSQL keeps the bytes of a dropped column in the rows until the table is rewritten.
-- When traffic is low, run VACUUM FULL; or run pg_repack, which does not block readers and writers.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "email_plain" IS NOT NULL AND "email" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.email_plain has plaintexts that are not encrypted in email';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "email" IS NOT NULL AND "email_index" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.email has values that email_index does not find';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "name_plain" IS NOT NULL AND "name" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.name_plain has plaintexts that are not encrypted in name';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "iban_plain" IS NOT NULL AND "iban" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.iban_plain has plaintexts that are not encrypted in iban';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "phone_plain" IS NOT NULL AND "phone" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.phone_plain has plaintexts that are not encrypted in phone';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "note_plain" IS NOT NULL AND "note" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.note_plain has plaintexts that are not encrypted in note';
    END IF;
    DROP TRIGGER "users_email_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_email_diesel_envelope_backfill"();
    DROP TRIGGER "users_name_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_name_diesel_envelope_backfill"();
    DROP TRIGGER "users_iban_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_iban_diesel_envelope_backfill"();
    DROP TRIGGER "users_phone_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_phone_diesel_envelope_backfill"();
    DROP TRIGGER "users_note_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_note_diesel_envelope_backfill"();
    DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_email_diesel_envelope_relax"();
    DROP TRIGGER IF EXISTS "users_name_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_name_diesel_envelope_relax"();
    DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_iban_diesel_envelope_relax"();
    DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_phone_diesel_envelope_relax"();
    DROP TRIGGER IF EXISTS "users_note_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_note_diesel_envelope_relax"();
    ALTER TABLE "users"
        DROP COLUMN "email_plain",
        DROP COLUMN "name_plain",
        DROP COLUMN "iban_plain",
        DROP COLUMN "phone_plain",
        DROP COLUMN "note_plain";
END
$diesel_envelope$;
