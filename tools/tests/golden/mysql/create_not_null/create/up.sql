-- create: users (email, iban): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
ALTER TABLE `users`
    ADD COLUMN `email` VARBINARY(448) NOT NULL,
    ADD COLUMN `email_index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index`) = 32),
    ADD COLUMN `iban` VARBINARY(192) NOT NULL,
    ADD COLUMN `iban_index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`iban_index`) = 32),
    ADD COLUMN `iban_last4_index` VARBINARY(2) NOT NULL COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`iban_last4_index`) = 2),
    ADD UNIQUE INDEX `users_email_index_diesel_envelope_idx` (`email_index`),
    ADD CONSTRAINT `users_email_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`email`) >= 34 AND LEFT(`email`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`email`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`email` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`email`) % 64 = 12 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`email`) % 64 = 36 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`email`) % 64 = 56 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD INDEX `users_iban_index_diesel_envelope_idx` (`iban_index`),
    ADD INDEX `users_iban_last4_index_diesel_envelope_idx` (`iban_last4_index`),
    ADD CONSTRAINT `users_iban_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`iban`) >= 34 AND LEFT(`iban`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`iban`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`iban` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`iban`) % 64 = 12 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`iban`) % 64 = 36 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`iban`) % 64 = 56 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD CONSTRAINT `users_iban_diesel_envelope_bound` CHECK (
        ORD(LEFT(`iban`, 1)) = 161 AND ORD(SUBSTR(`iban`, 2, 1)) & 1 = 1
    );
