-- finish: users (a, b): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- A text that somebody typed in the whole shape of a ciphertext passes: only verify, which decrypts, finds it. Run it before.
-- Indexes over a plaintext column go with it. PostgreSQL keeps its bytes in the rows until the table is rewritten:
-- at a quiet hour, run VACUUM FULL, or pg_repack beside its readers and writers.
-- Programs that run have to connect again: their prepared statements fail with `cached plan must not change result type`. Not so `--online`.
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
