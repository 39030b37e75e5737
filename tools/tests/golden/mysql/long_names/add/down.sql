-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
ALTER TABLE `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be`
    ADD CONSTRAINT `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_complete` CHECK (
        `a_column_whose_name_is_as_long_too` IS NULL OR `plain` IS NOT NULL
    );
DROP TRIGGER `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill`;
ALTER TABLE `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be`
    DROP COLUMN `a_column_whose_name_is_as_long_too`,
    DROP CONSTRAINT `a_table_whose_name_is_as_long_as_fd8d2362_diesel_envelope_shape`,
    DROP CONSTRAINT `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_complete`;
