-- Adds the plaintext columns again, without values: a migration cannot decrypt.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be`
    ADD COLUMN `plain` varchar(50) NULL;
CREATE TRIGGER `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill` BEFORE UPDATE ON `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be` FOR EACH ROW SET
    NEW.`a_column_whose_name_is_as_long_too` = IF(
        NOT (CAST(OLD.`plain` AS BINARY) <=> CAST(NEW.`plain` AS BINARY))
        AND CAST(OLD.`a_column_whose_name_is_as_long_too` AS BINARY) <=> CAST(NEW.`a_column_whose_name_is_as_long_too` AS BINARY),
        NULL, NEW.`a_column_whose_name_is_as_long_too`
    );
SET SESSION sql_mode = @diesel_envelope_sql_mode;
