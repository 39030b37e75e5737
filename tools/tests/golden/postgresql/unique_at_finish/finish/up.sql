-- finish: users (email): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
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
    DROP TRIGGER "users_email_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_email_diesel_envelope_backfill"();
    DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_email_diesel_envelope_relax"();
    ALTER TABLE "users"
        DROP COLUMN "email_plain";
    DROP INDEX IF EXISTS "users_email_index_diesel_envelope_idx";
    CREATE UNIQUE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
END
$diesel_envelope$;
