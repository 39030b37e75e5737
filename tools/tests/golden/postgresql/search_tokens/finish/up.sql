-- finish: users (name): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- PostgreSQL also drops the indexes that contain a plaintext column.
-- PostgreSQL keeps the bytes of a dropped column in the rows until the table is rewritten.
-- When traffic is low, run VACUUM FULL; or run pg_repack, which does not block readers and writers.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "name_plain" IS NOT NULL AND "name" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.name_plain has plaintexts that are not encrypted in name';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "name" IS NOT NULL AND "name_index" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.name has values that name_index does not find';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "name" IS NOT NULL AND "name_tokens" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.name has values that name_tokens does not find';
    END IF;
    DROP TRIGGER "users_name_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_name_diesel_envelope_backfill"();
    DROP TRIGGER IF EXISTS "users_name_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_name_diesel_envelope_relax"();
    ALTER TABLE "users"
        ALTER COLUMN "name" SET NOT NULL,
        ALTER COLUMN "name_index" SET NOT NULL,
        ALTER COLUMN "name_tokens" SET NOT NULL,
        DROP COLUMN "name_plain";
END
$diesel_envelope$;
