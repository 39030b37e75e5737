-- finish: users (note): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- Indexes over a plaintext column go with it. PostgreSQL keeps its bytes in the rows until they are rewritten: purge.
-- Programs that run have to connect again: their prepared statements fail with `cached plan must not change result type`. Not so `--online`.
DO $diesel_envelope$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('ciphertext_text') AND typtype = 'd') THEN
        CREATE DOMAIN ciphertext_text AS text COLLATE "C" CHECK (
            VALUE ~ '^de[1-9][.][o-r][A-Za-z0-9_-]{45,}$'
            OR octet_length(VALUE) % 4 = 0 AND VALUE ~ '^gAAAAA[A-Za-z0-9_-]{92,}={0,2}$'
        );
    END IF;
END
$diesel_envelope$;
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "users" WHERE (("note"::text COLLATE "C") ~ '^de[1-9][.][o-r][A-Za-z0-9_-]{45,}$'
            OR octet_length(("note"::text COLLATE "C")) % 4 = 0 AND ("note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]{92,}={0,2}$') IS FALSE) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.note has plaintexts';
    END IF;
    IF EXISTS (SELECT FROM "users" WHERE "note" IS NOT NULL AND "note_index" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'users.note has values that note_index does not find';
    END IF;
    DROP TRIGGER "users_note_diesel_envelope_backfill" ON "users";
    DROP FUNCTION "users_note_diesel_envelope_backfill"();
    ALTER TABLE "users"
        ALTER COLUMN "note_index" SET NOT NULL,
        ALTER COLUMN "note" DROP DEFAULT,
        ALTER COLUMN "note" TYPE ciphertext_text;
END
$diesel_envelope$;
