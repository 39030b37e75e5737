-- add: a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be (a_column_whose_name_is_as_long_too): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
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
END
$diesel_envelope$;
ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
    ADD COLUMN "a_column_whose_name_is_as_long_too" ciphertext;
CREATE FUNCTION "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."plain"::text COLLATE "C" IS DISTINCT FROM OLD."plain"::text COLLATE "C"
        AND NEW."a_column_whose_name_is_as_long_too" IS NOT DISTINCT FROM OLD."a_column_whose_name_is_as_long_too" THEN
        NEW."a_column_whose_name_is_as_long_too" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill" BEFORE UPDATE ON "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
    FOR EACH ROW EXECUTE FUNCTION "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill"();
