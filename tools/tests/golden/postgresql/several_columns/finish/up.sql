-- finish: users (email, phone, age, note): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- If a user typed a text in the whole shape of a ciphertext, only verify, which decrypts, finds it. Run verify first.
-- PostgreSQL also drops the indexes that contain a plaintext column.
-- PostgreSQL keeps the bytes of a dropped column in the rows until the table is rewritten.
-- When traffic is low, run VACUUM FULL; or run pg_repack, which does not block readers and writers.
-- Running programs have to reconnect: their prepared statements fail with `cached plan must not change result type`.
-- The option `--online` avoids this.
DO $diesel_envelope$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('ciphertext_text') AND typtype = 'd') THEN
        CREATE DOMAIN ciphertext_text AS text COLLATE "C" CHECK (
            octet_length(VALUE) >= 50 AND (
                octet_length(VALUE) % 4 = 0 AND VALUE ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
                octet_length(VALUE) % 4 = 2 AND VALUE ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[AQgw]$' OR
                octet_length(VALUE) % 4 = 3 AND VALUE ~ '^de[1-9][.][o-r][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
            )
            OR octet_length(VALUE) >= 100 AND (
                octet_length(VALUE) % 64 = 12 AND VALUE ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
                octet_length(VALUE) % 64 = 36 AND VALUE ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
                octet_length(VALUE) % 64 = 56 AND VALUE ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
            )
        );
    END IF;
END
$diesel_envelope$;
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE "email_plain" IS NOT NULL AND "email" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.email_plain has plaintexts that are not encrypted in email';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "email" IS NOT NULL AND "email_index" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.email has values that email_index does not find';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "phone_plain" IS NOT NULL AND "phone" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.phone_plain has plaintexts that are not encrypted in phone';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "phone" IS NOT NULL AND "phone_index" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.phone has values that phone_index does not find';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "phone" IS NOT NULL AND "phone_last4_index" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.phone has values that phone_last4_index does not find';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE (octet_length(("note"::text COLLATE "C")) >= 50 AND (
            octet_length(("note"::text COLLATE "C")) % 4 = 0 AND ("note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("note"::text COLLATE "C")) % 4 = 2 AND ("note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AQgw]$' OR
            octet_length(("note"::text COLLATE "C")) % 4 = 3 AND ("note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
        )
        OR octet_length(("note"::text COLLATE "C")) >= 100 AND (
            octet_length(("note"::text COLLATE "C")) % 64 = 12 AND ("note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("note"::text COLLATE "C")) % 64 = 36 AND ("note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length(("note"::text COLLATE "C")) % 64 = 56 AND ("note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )) IS FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.note has plaintexts, or Fernet tokens that are not in their canonical form';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "note" IS NOT NULL AND "note_index" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.note has values that note_index does not find';
    END IF;
    DROP TRIGGER "users_email_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_email_diesel_envelope_backfill"();
    DROP TRIGGER "users_phone_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_phone_diesel_envelope_backfill"();
    DROP TRIGGER "users_note_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_note_diesel_envelope_backfill"();
    DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_email_diesel_envelope_relax"();
    DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_relax" ON "users";
    DROP FUNCTION IF EXISTS "users_phone_diesel_envelope_relax"();
    ALTER TABLE "users"
        ALTER COLUMN "email" SET NOT NULL,
        ALTER COLUMN "email_index" SET NOT NULL,
        DROP COLUMN "email_plain",
        DROP COLUMN "phone_plain",
        ALTER COLUMN "age" SET NOT NULL,
        ALTER COLUMN "note" DROP DEFAULT,
        ALTER COLUMN "note" TYPE ciphertext_text;
    DROP INDEX IF EXISTS "users_phone_index_diesel_envelope_idx";
    CREATE UNIQUE INDEX "users_phone_index_diesel_envelope_idx" ON "users" ("phone_index");
END
$diesel_envelope$;
