-- add: a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be (a_column_whose_name_is_as_long_too): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be`
    ADD COLUMN `a_column_whose_name_is_as_long_too` VARBINARY(384),
    ADD CONSTRAINT `a_table_whose_name_is_as_long_as_fd8d2362_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`a_column_whose_name_is_as_long_too`) >= 34 AND LEFT(`a_column_whose_name_is_as_long_too`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`a_column_whose_name_is_as_long_too`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`a_column_whose_name_is_as_long_too` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`a_column_whose_name_is_as_long_too`) % 64 = 12 AND CONVERT(`a_column_whose_name_is_as_long_too` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`a_column_whose_name_is_as_long_too`) % 64 = 36 AND CONVERT(`a_column_whose_name_is_as_long_too` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`a_column_whose_name_is_as_long_too`) % 64 = 56 AND CONVERT(`a_column_whose_name_is_as_long_too` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    );
CREATE TRIGGER `a_table_whose_name_is_as_long_fd8d2362_diesel_envelope_backfill` BEFORE UPDATE ON `a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be` FOR EACH ROW SET
    NEW.`a_column_whose_name_is_as_long_too` = IF(
        NOT (CAST(OLD.`plain` AS BINARY) <=> CAST(NEW.`plain` AS BINARY))
        AND CAST(OLD.`a_column_whose_name_is_as_long_too` AS BINARY) <=> CAST(NEW.`a_column_whose_name_is_as_long_too` AS BINARY),
        NULL, NEW.`a_column_whose_name_is_as_long_too`
    );
