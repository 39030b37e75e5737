-- finish: a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be (a_column_whose_name_is_as_long_too): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- PostgreSQL also drops the indexes that contain a plaintext column.
-- PostgreSQL keeps the bytes of a dropped column in the rows until the table is rewritten.
-- When traffic is low, run VACUUM FULL; or run pg_repack, which does not block readers and writers.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" IN ACCESS EXCLUSIVE MODE;
    IF EXISTS (SELECT FROM "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" WHERE "plain" IS NOT NULL AND "a_column_whose_name_is_as_long_too" IS NULL) THEN
        RAISE EXCEPTION USING MESSAGE = 'a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be.plain has plaintexts that are not encrypted in a_column_whose_name_is_as_long_too';
    END IF;
    DROP TRIGGER "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill" ON "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be";
    DROP FUNCTION "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill"();
    DROP TRIGGER IF EXISTS "a_table_whose_name_is_as_long_as_fd8d2362_diesel_envelope_relax" ON "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be";
    DROP FUNCTION IF EXISTS "a_table_whose_name_is_as_long_as_fd8d2362_diesel_envelope_relax"();
    ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
        DROP COLUMN "plain";
END
$diesel_envelope$;
