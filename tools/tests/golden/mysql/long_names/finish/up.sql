-- finish: a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be (a_column_whose_name_is_as_long_too): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- First drop the indexes that contain a plaintext column: MySQL would remove the column from them, and UNIQUE would cover fewer columns.
-- The database keeps the bytes of a dropped column in its pages until the table is rewritten.
-- When traffic is low, run ALTER TABLE with FORCE.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be` WHERE NOT ((`plain` IS NULL OR `a_column_whose_name_is_as_long_too` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be`
    ADD CONSTRAINT `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_complete` CHECK (
        (`plain` IS NULL OR `a_column_whose_name_is_as_long_too` IS NOT NULL)
    );
DROP TRIGGER `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill`;
DROP TRIGGER IF EXISTS `a_table_whose_name_is_as_long_as_fd8d2362_diesel_envelope_relax`;
ALTER TABLE `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be`
    DROP CONSTRAINT `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_complete`,
    DROP COLUMN `plain`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
