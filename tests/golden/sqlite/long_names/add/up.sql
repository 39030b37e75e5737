-- add: a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be (a_column_whose_name_is_as_long_too): columns for ciphertext and its blind indexes, which take no plaintext.
-- To be run before any program writes ciphertext. Afterwards deploy the program that writes both, backfill, and verify.
ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
    ADD COLUMN "a_column_whose_name_is_as_long_too" BLOB CHECK ("a_column_whose_name_is_as_long_too" IS NULL OR typeof("a_column_whose_name_is_as_long_too") = 'blob' AND (
        length("a_column_whose_name_is_as_long_too") >= 34 AND substr("a_column_whose_name_is_as_long_too", 1, 1) BETWEEN x'a0' AND x'af'
        OR length("a_column_whose_name_is_as_long_too") >= 100 AND length("a_column_whose_name_is_as_long_too") % 4 = 0 AND substr("a_column_whose_name_is_as_long_too", 1, 6) = x'674141414141'
    ));
CREATE TRIGGER "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill" AFTER UPDATE OF "plain" ON "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
WHEN (NEW."plain" COLLATE BINARY IS NOT OLD."plain" COLLATE BINARY OR typeof(NEW."plain") <> typeof(OLD."plain"))
    AND NEW."a_column_whose_name_is_as_long_too" IS OLD."a_column_whose_name_is_as_long_too"
BEGIN
    UPDATE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" SET "a_column_whose_name_is_as_long_too" = NULL WHERE rowid IS NEW.rowid;
END;
