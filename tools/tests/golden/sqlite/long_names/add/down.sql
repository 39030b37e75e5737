-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
UPDATE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" SET "a_column_whose_name_is_as_long_too" = "a_column_whose_name_is_as_long_too" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be.a_column_whose_name_is_as_long_too has values that have no plaintext: they would be lost" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" WHERE "a_column_whose_name_is_as_long_too" IS NOT NULL AND "plain" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill";
ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
    DROP COLUMN "a_column_whose_name_is_as_long_too";
