-- create: users (email, iban): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE `users` (
    `id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- Add the other columns here.
    `email` VARBINARY(448),
    `email_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index`) = 32),
    `iban` VARBINARY(192),
    `iban_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`iban_index`) = 32),
    `iban_last4_index` VARBINARY(2) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`iban_last4_index`) = 2),
    UNIQUE INDEX `users_email_index_diesel_envelope_idx` (`email_index`),
    CONSTRAINT `users_email_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`email`) >= 34 AND LEFT(`email`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`email`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`email` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`email`) % 64 = 12 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`email`) % 64 = 36 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`email`) % 64 = 56 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    INDEX `users_iban_index_diesel_envelope_idx` (`iban_index`),
    INDEX `users_iban_last4_index_diesel_envelope_idx` (`iban_last4_index`),
    CONSTRAINT `users_iban_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`iban`) >= 34 AND LEFT(`iban`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`iban`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`iban` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`iban`) % 64 = 12 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`iban`) % 64 = 36 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`iban`) % 64 = 56 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    CONSTRAINT `users_iban_diesel_envelope_bound` CHECK (
        ORD(LEFT(`iban`, 1)) = 161 AND ORD(SUBSTR(`iban`, 2, 1)) & 1 = 1
    )
);
