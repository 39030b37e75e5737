-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
    ADD COLUMN "plain" varchar(50);
CREATE TRIGGER "a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill" AFTER UPDATE OF "plain" ON "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be"
WHEN (NEW."plain" COLLATE BINARY IS NOT OLD."plain" COLLATE BINARY OR typeof(NEW."plain") <> typeof(OLD."plain"))
    AND NEW."a_column_whose_name_is_as_long_too" IS OLD."a_column_whose_name_is_as_long_too"
BEGIN
    UPDATE "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be" SET "a_column_whose_name_is_as_long_too" = NULL WHERE rowid IS NEW.rowid;
END;
