-- finish: or"der`s'; -- (e"mail`s', n"ote`'): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
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
DO $diesel_envelope_1$
BEGIN
    LOCK TABLE "or""der`s'; --" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "or""der`s'; --" WHERE "$diesel_envelope$ pla""in`'" IS NOT NULL AND "e""mail`s'" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'or"der`s''; --.$diesel_envelope$ pla"in`'' has plaintexts that are not encrypted in e"mail`s''';
    END IF;
    IF EXISTS (SELECT FROM "or""der`s'; --" WHERE "e""mail`s'" IS NOT NULL AND "e""mail`s index" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'or"der`s''; --.e"mail`s'' has values that e"mail`s index does not find';
    END IF;
    IF EXISTS (SELECT FROM "or""der`s'; --" WHERE (octet_length(("n""ote`'"::text COLLATE "C")) >= 50 AND (
            octet_length(("n""ote`'"::text COLLATE "C")) % 4 = 0 AND ("n""ote`'"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("n""ote`'"::text COLLATE "C")) % 4 = 2 AND ("n""ote`'"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AQgw]$' OR
            octet_length(("n""ote`'"::text COLLATE "C")) % 4 = 3 AND ("n""ote`'"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
        )
        OR octet_length(("n""ote`'"::text COLLATE "C")) >= 100 AND (
            octet_length(("n""ote`'"::text COLLATE "C")) % 64 = 12 AND ("n""ote`'"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("n""ote`'"::text COLLATE "C")) % 64 = 36 AND ("n""ote`'"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length(("n""ote`'"::text COLLATE "C")) % 64 = 56 AND ("n""ote`'"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )) IS FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'or"der`s''; --.n"ote`'' has plaintexts, or Fernet tokens that are not in their canonical form';
    END IF;
    DROP TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_backfill" ON "or""der`s'; --";
    DROP FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_backfill"();
    DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_relax" ON "or""der`s'; --";
    DROP FUNCTION IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_relax"();
    ALTER TABLE "or""der`s'; --"
        ALTER COLUMN "e""mail`s'" SET NOT NULL,
        ALTER COLUMN "e""mail`s index" SET NOT NULL,
        DROP COLUMN "$diesel_envelope$ pla""in`'",
        ALTER COLUMN "n""ote`'" DROP DEFAULT,
        ALTER COLUMN "n""ote`'" TYPE ciphertext_text;
    DROP INDEX IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_idx";
    CREATE UNIQUE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
END
$diesel_envelope_1$;
