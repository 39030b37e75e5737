-- add: users (in_row, in_row_text, beside_row, medium, long, number, any): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE `users`
    ADD COLUMN `in_row` VARBINARY(1024),
    ADD CONSTRAINT `users_in_row_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`in_row`) >= 34 AND LEFT(`in_row`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`in_row`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`in_row` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`in_row`) % 64 = 12 AND CONVERT(`in_row` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`in_row`) % 64 = 36 AND CONVERT(`in_row` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`in_row`) % 64 = 56 AND CONVERT(`in_row` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `in_row_text` VARCHAR(1024) CHARACTER SET ascii COLLATE ascii_bin,
    ADD CONSTRAINT `users_in_row_text_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`in_row_text`) >= 50 AND substr(`in_row_text`, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`in_row_text`) % 4 = 0 AND `in_row_text` REGEXP '^de[1-9][.][o-r].*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`in_row_text`) % 4 = 2 AND `in_row_text` REGEXP '^de[1-9][.][o-r].*[AQgw]$' OR
                OCTET_LENGTH(`in_row_text`) % 4 = 3 AND `in_row_text` REGEXP '^de[1-9][.][o-r].*[AEIMQUYcgkosw048]$'
            )
            OR OCTET_LENGTH(`in_row_text`) >= 100 AND TRIM(TRAILING '=' FROM `in_row_text`) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`in_row_text`) % 64 = 12 AND `in_row_text` REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`in_row_text`) % 64 = 36 AND `in_row_text` REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`in_row_text`) % 64 = 56 AND `in_row_text` REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `beside_row` BLOB,
    ADD CONSTRAINT `users_beside_row_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`beside_row`) >= 34 AND LEFT(`beside_row`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`beside_row`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`beside_row` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`beside_row`) % 64 = 12 AND CONVERT(`beside_row` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`beside_row`) % 64 = 36 AND CONVERT(`beside_row` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`beside_row`) % 64 = 56 AND CONVERT(`beside_row` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `medium` MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin,
    ADD CONSTRAINT `users_medium_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`medium`) >= 50 AND substr(`medium`, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`medium`) % 4 = 0 AND `medium` REGEXP '^de[1-9][.][o-r].*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`medium`) % 4 = 2 AND `medium` REGEXP '^de[1-9][.][o-r].*[AQgw]$' OR
                OCTET_LENGTH(`medium`) % 4 = 3 AND `medium` REGEXP '^de[1-9][.][o-r].*[AEIMQUYcgkosw048]$'
            )
            OR OCTET_LENGTH(`medium`) >= 100 AND TRIM(TRAILING '=' FROM `medium`) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`medium`) % 64 = 12 AND `medium` REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`medium`) % 64 = 36 AND `medium` REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`medium`) % 64 = 56 AND `medium` REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `long` LONGBLOB,
    ADD CONSTRAINT `users_long_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`long`) >= 34 AND LEFT(`long`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`long`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`long` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`long`) % 64 = 12 AND CONVERT(`long` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`long`) % 64 = 36 AND CONVERT(`long` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`long`) % 64 = 56 AND CONVERT(`long` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `number` VARBINARY(128),
    ADD CONSTRAINT `users_number_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`number`) >= 34 AND LEFT(`number`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`number`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`number` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`number`) % 64 = 12 AND CONVERT(`number` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`number`) % 64 = 36 AND CONVERT(`number` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`number`) % 64 = 56 AND CONVERT(`number` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `any` LONGTEXT CHARACTER SET ascii COLLATE ascii_bin,
    ADD CONSTRAINT `users_any_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`any`) >= 50 AND substr(`any`, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`any`) % 4 = 0 AND `any` REGEXP '^de[1-9][.][o-r].*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`any`) % 4 = 2 AND `any` REGEXP '^de[1-9][.][o-r].*[AQgw]$' OR
                OCTET_LENGTH(`any`) % 4 = 3 AND `any` REGEXP '^de[1-9][.][o-r].*[AEIMQUYcgkosw048]$'
            )
            OR OCTET_LENGTH(`any`) >= 100 AND TRIM(TRAILING '=' FROM `any`) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`any`) % 64 = 12 AND `any` REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`any`) % 64 = 36 AND `any` REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`any`) % 64 = 56 AND `any` REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    );
