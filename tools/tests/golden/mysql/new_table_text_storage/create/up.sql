-- create: users (email, iban): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE `users` (
    `id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- Add the other columns here.
    `email` VARCHAR(448) CHARACTER SET ascii COLLATE ascii_bin,
    `email_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index`) = 32),
    `iban` VARCHAR(192) CHARACTER SET ascii COLLATE ascii_bin,
    `iban_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`iban_index`) = 32),
    `iban_last4_index` VARBINARY(2) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`iban_last4_index`) = 2),
    UNIQUE INDEX `users_email_index_diesel_envelope_idx` (`email_index`),
    CONSTRAINT `users_email_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`email`) >= 50 AND substr(`email`, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`email`) % 4 = 0 AND `email` REGEXP '^de[1-9][.][o-r].*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`email`) % 4 = 2 AND `email` REGEXP '^de[1-9][.][o-r].*[AQgw]$' OR
                OCTET_LENGTH(`email`) % 4 = 3 AND `email` REGEXP '^de[1-9][.][o-r].*[AEIMQUYcgkosw048]$'
            )
            OR OCTET_LENGTH(`email`) >= 100 AND TRIM(TRAILING '=' FROM `email`) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`email`) % 64 = 12 AND `email` REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`email`) % 64 = 36 AND `email` REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`email`) % 64 = 56 AND `email` REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    INDEX `users_iban_index_diesel_envelope_idx` (`iban_index`),
    INDEX `users_iban_last4_index_diesel_envelope_idx` (`iban_last4_index`),
    CONSTRAINT `users_iban_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`iban`) >= 50 AND substr(`iban`, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`iban`) % 4 = 0 AND `iban` REGEXP '^de[1-9][.][o-r].*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`iban`) % 4 = 2 AND `iban` REGEXP '^de[1-9][.][o-r].*[AQgw]$' OR
                OCTET_LENGTH(`iban`) % 4 = 3 AND `iban` REGEXP '^de[1-9][.][o-r].*[AEIMQUYcgkosw048]$'
            )
            OR OCTET_LENGTH(`iban`) >= 100 AND TRIM(TRAILING '=' FROM `iban`) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`iban`) % 64 = 12 AND `iban` REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`iban`) % 64 = 36 AND `iban` REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`iban`) % 64 = 56 AND `iban` REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    CONSTRAINT `users_iban_diesel_envelope_bound` CHECK (
        LEFT(`iban`, 6) = 'de1.oQ' AND SUBSTR(`iban`, 7, 1) IN ('E', 'F', 'G', 'H', 'M', 'N', 'O', 'P')
    )
);
