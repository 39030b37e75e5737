-- add: users (in_row, in_row_text, beside_row, medium, long, number, any): columns for ciphertext and its blind indexes, which take no plaintext.
-- To be run before any program writes ciphertext. Afterwards deploy the program that writes both, backfill, and verify.
ALTER TABLE `users`
    ADD COLUMN `in_row` VARBINARY(1024),
    ADD CONSTRAINT `users_in_row_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`in_row`) >= 34 AND LEFT(`in_row`, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(`in_row`) >= 100 AND OCTET_LENGTH(`in_row`) % 4 = 0 AND LEFT(`in_row`, 6) = X'674141414141'
    ),
    ADD COLUMN `in_row_text` VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin,
    ADD CONSTRAINT `users_in_row_text_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`in_row_text`) >= 50 AND LEFT(`in_row_text`, 2) = 'de' AND SUBSTR(`in_row_text`, 3, 1) BETWEEN '1' AND '9'
            AND SUBSTR(`in_row_text`, 4, 1) = '.' AND SUBSTR(`in_row_text`, 5, 1) BETWEEN 'o' AND 'r' AND SUBSTR(`in_row_text`, 5) NOT REGEXP '[^A-Za-z0-9_-]'
        OR OCTET_LENGTH(`in_row_text`) >= 100 AND OCTET_LENGTH(`in_row_text`) % 4 = 0 AND LEFT(`in_row_text`, 6) = 'gAAAAA'
            AND LEFT(`in_row_text`, OCTET_LENGTH(`in_row_text`) - 2) NOT REGEXP '[^A-Za-z0-9_-]' AND RIGHT(`in_row_text`, 2) NOT REGEXP '[^A-Za-z0-9_=-]|=[^=]'
    ),
    ADD COLUMN `beside_row` BLOB,
    ADD CONSTRAINT `users_beside_row_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`beside_row`) >= 34 AND LEFT(`beside_row`, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(`beside_row`) >= 100 AND OCTET_LENGTH(`beside_row`) % 4 = 0 AND LEFT(`beside_row`, 6) = X'674141414141'
    ),
    ADD COLUMN `medium` MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin,
    ADD CONSTRAINT `users_medium_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`medium`) >= 50 AND LEFT(`medium`, 2) = 'de' AND SUBSTR(`medium`, 3, 1) BETWEEN '1' AND '9'
            AND SUBSTR(`medium`, 4, 1) = '.' AND SUBSTR(`medium`, 5, 1) BETWEEN 'o' AND 'r' AND SUBSTR(`medium`, 5) NOT REGEXP '[^A-Za-z0-9_-]'
        OR OCTET_LENGTH(`medium`) >= 100 AND OCTET_LENGTH(`medium`) % 4 = 0 AND LEFT(`medium`, 6) = 'gAAAAA'
            AND LEFT(`medium`, OCTET_LENGTH(`medium`) - 2) NOT REGEXP '[^A-Za-z0-9_-]' AND RIGHT(`medium`, 2) NOT REGEXP '[^A-Za-z0-9_=-]|=[^=]'
    ),
    ADD COLUMN `long` LONGBLOB,
    ADD CONSTRAINT `users_long_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`long`) >= 34 AND LEFT(`long`, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(`long`) >= 100 AND OCTET_LENGTH(`long`) % 4 = 0 AND LEFT(`long`, 6) = X'674141414141'
    ),
    ADD COLUMN `number` VARBINARY(128),
    ADD CONSTRAINT `users_number_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`number`) >= 34 AND LEFT(`number`, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(`number`) >= 100 AND OCTET_LENGTH(`number`) % 4 = 0 AND LEFT(`number`, 6) = X'674141414141'
    ),
    ADD COLUMN `any` LONGTEXT CHARACTER SET ascii COLLATE ascii_bin,
    ADD CONSTRAINT `users_any_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`any`) >= 50 AND LEFT(`any`, 2) = 'de' AND SUBSTR(`any`, 3, 1) BETWEEN '1' AND '9'
            AND SUBSTR(`any`, 4, 1) = '.' AND SUBSTR(`any`, 5, 1) BETWEEN 'o' AND 'r' AND SUBSTR(`any`, 5) NOT REGEXP '[^A-Za-z0-9_-]'
        OR OCTET_LENGTH(`any`) >= 100 AND OCTET_LENGTH(`any`) % 4 = 0 AND LEFT(`any`, 6) = 'gAAAAA'
            AND LEFT(`any`, OCTET_LENGTH(`any`) - 2) NOT REGEXP '[^A-Za-z0-9_-]' AND RIGHT(`any`, 2) NOT REGEXP '[^A-Za-z0-9_=-]|=[^=]'
    );
