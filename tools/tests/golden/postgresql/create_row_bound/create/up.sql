-- create: users (iban, email, name): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
-- PostgreSQL rewrites the table, because the type of the new column is a domain.
DO $diesel_envelope$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_type WHERE oid = to_regtype('ciphertext') AND typtype = 'd') THEN
        CREATE DOMAIN ciphertext AS bytea CHECK (
            octet_length(VALUE) >= 34 AND substring(VALUE FROM 1 FOR 1) BETWEEN '\xa0' AND '\xaf'
            OR octet_length(VALUE) >= 100 AND (
                octet_length(VALUE) % 64 = 12 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
                octet_length(VALUE) % 64 = 36 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
                octet_length(VALUE) % 64 = 56 AND encode(VALUE, 'escape') ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
            )
        );
    END IF;
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
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
ALTER TABLE "users"
    ADD COLUMN "iban" ciphertext NOT NULL,
    ADD COLUMN "email" ciphertext_text,
    ADD COLUMN "name" ciphertext,
    ADD CONSTRAINT "users_iban_diesel_envelope_row_bound" CHECK (get_byte("iban", 0) = 161 AND get_byte("iban", 1) & 5 = 5),
    ADD CONSTRAINT "users_email_diesel_envelope_row_bound" CHECK ("email" COLLATE "C" ~ '^de1[.]oQ[U-Xc-f]');
CREATE FUNCTION "users_iban_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.iban is bound to its row: an UPDATE of tenant, id must write iban too';
END
$diesel_envelope$;
CREATE TRIGGER "users_iban_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."iban" = OLD."iban"
        AND (NEW."tenant"::text COLLATE "C" IS DISTINCT FROM OLD."tenant"::text COLLATE "C" OR NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_iban_diesel_envelope_row_key"();
CREATE FUNCTION "users_email_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.email is bound to its row: an UPDATE of id must write email too';
END
$diesel_envelope$;
CREATE TRIGGER "users_email_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."email" = OLD."email"
        AND (NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_email_diesel_envelope_row_key"();
CREATE FUNCTION "users_name_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'users.name is bound to its row: an UPDATE of id must write name too';
END
$diesel_envelope$;
CREATE TRIGGER "users_name_diesel_envelope_row_key" BEFORE UPDATE ON "users"
    FOR EACH ROW WHEN (
        NEW."name" = OLD."name"
        AND (NEW."id"::text COLLATE "C" IS DISTINCT FROM OLD."id"::text COLLATE "C")
    )
    EXECUTE FUNCTION "users_name_diesel_envelope_row_key"();
