-- add: a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be (a_column_whose_name_is_as_long_too): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
    ADD COLUMN "a_column_whose_name_is_as_long_too" BLOB CHECK ("a_column_whose_name_is_as_long_too" IS NULL OR typeof("a_column_whose_name_is_as_long_too") = 'blob' AND (
    length("a_column_whose_name_is_as_long_too") >= 34 AND substr("a_column_whose_name_is_as_long_too", 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST("a_column_whose_name_is_as_long_too" AS TEXT)) = length("a_column_whose_name_is_as_long_too") AND length("a_column_whose_name_is_as_long_too") >= 100 AND rtrim(CAST("a_column_whose_name_is_as_long_too" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("a_column_whose_name_is_as_long_too") % 64 = 12 AND CAST("a_column_whose_name_is_as_long_too" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("a_column_whose_name_is_as_long_too") % 64 = 36 AND CAST("a_column_whose_name_is_as_long_too" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
        length("a_column_whose_name_is_as_long_too") % 64 = 56 AND CAST("a_column_whose_name_is_as_long_too" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
));
CREATE TRIGGER "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill" AFTER UPDATE OF "plain" ON "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
WHEN (NEW."plain" COLLATE BINARY IS NOT OLD."plain" COLLATE BINARY OR typeof(NEW."plain") <> typeof(OLD."plain"))
    AND NEW."a_column_whose_name_is_as_long_too" IS OLD."a_column_whose_name_is_as_long_too"
BEGIN
    UPDATE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" SET "a_column_whose_name_is_as_long_too" = NULL WHERE rowid IS NEW.rowid;
END;
