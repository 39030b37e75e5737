-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" WHERE "a_column_whose_name_is_as_long_too" IS NOT NULL AND "plain" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be.a_column_whose_name_is_as_long_too has values that have no plaintext: they would be lost';
    END IF;
    DROP TRIGGER "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill" ON "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be";
    DROP FUNCTION "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill"();
    ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
        DROP COLUMN "a_column_whose_name_is_as_long_too";
END
$diesel_envelope$;
