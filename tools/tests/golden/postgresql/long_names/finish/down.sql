-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
    ADD COLUMN "plain" varchar(50);
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
