-- finish: users (a, b): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
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
    IF EXISTS (SELECT FROM "users" WHERE (octet_length(("a"::text COLLATE "C")) >= 50 AND (
            octet_length(("a"::text COLLATE "C")) % 4 = 0 AND ("a"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("a"::text COLLATE "C")) % 4 = 2 AND ("a"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AQgw]$' OR
            octet_length(("a"::text COLLATE "C")) % 4 = 3 AND ("a"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
        )
        OR octet_length(("a"::text COLLATE "C")) >= 100 AND (
            octet_length(("a"::text COLLATE "C")) % 64 = 12 AND ("a"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("a"::text COLLATE "C")) % 64 = 36 AND ("a"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length(("a"::text COLLATE "C")) % 64 = 56 AND ("a"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )) IS FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.a has plaintexts, or Fernet tokens that are not in their canonical form';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE (octet_length(("b"::text COLLATE "C")) >= 50 AND (
            octet_length(("b"::text COLLATE "C")) % 4 = 0 AND ("b"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("b"::text COLLATE "C")) % 4 = 2 AND ("b"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AQgw]$' OR
            octet_length(("b"::text COLLATE "C")) % 4 = 3 AND ("b"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
        )
        OR octet_length(("b"::text COLLATE "C")) >= 100 AND (
            octet_length(("b"::text COLLATE "C")) % 64 = 12 AND ("b"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
            octet_length(("b"::text COLLATE "C")) % 64 = 36 AND ("b"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
            octet_length(("b"::text COLLATE "C")) % 64 = 56 AND ("b"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
        )) IS FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.b has plaintexts, or Fernet tokens that are not in their canonical form';
    END IF;
    ALTER TABLE "users"
        ALTER COLUMN "a" DROP DEFAULT,
        ALTER COLUMN "a" TYPE ciphertext_text,
        ALTER COLUMN "b" DROP DEFAULT,
        ALTER COLUMN "b" TYPE ciphertext_text;
END
$diesel_envelope$;
