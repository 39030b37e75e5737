-- add: users (email, phone, age, note): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE `users`
    ADD COLUMN `email` VARBINARY(384),
    ADD COLUMN `email_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index`) = 32),
    ADD UNIQUE INDEX `users_email_index_diesel_envelope_idx` (`email_index`),
    ADD CONSTRAINT `users_email_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`email`) >= 34 AND LEFT(`email`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`email`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`email` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`email`) % 64 = 12 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`email`) % 64 = 36 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`email`) % 64 = 56 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `phone` VARCHAR(384) CHARACTER SET ascii COLLATE ascii_bin,
    ADD COLUMN `phone_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`phone_index`) = 32),
    ADD INDEX `users_phone_index_diesel_envelope_idx` (`phone_index`),
    ADD COLUMN `phone_last4_index` VARBINARY(2) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`phone_last4_index`) = 2),
    ADD INDEX `users_phone_last4_index_diesel_envelope_idx` (`phone_last4_index`),
    ADD CONSTRAINT `users_phone_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`phone`) >= 50 AND substr(`phone`, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`phone`) % 4 = 0 AND `phone` REGEXP '^de[1-9][.][o-r].*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`phone`) % 4 = 2 AND `phone` REGEXP '^de[1-9][.][o-r].*[AQgw]$' OR
                OCTET_LENGTH(`phone`) % 4 = 3 AND `phone` REGEXP '^de[1-9][.][o-r].*[AEIMQUYcgkosw048]$'
            )
            OR OCTET_LENGTH(`phone`) >= 100 AND TRIM(TRAILING '=' FROM `phone`) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`phone`) % 64 = 12 AND `phone` REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`phone`) % 64 = 36 AND `phone` REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`phone`) % 64 = 56 AND `phone` REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `age` VARBINARY(128),
    ADD CONSTRAINT `users_age_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`age`) >= 34 AND LEFT(`age`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`age`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`age` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`age`) % 64 = 12 AND CONVERT(`age` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`age`) % 64 = 36 AND CONVERT(`age` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`age`) % 64 = 56 AND CONVERT(`age` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `note_index` VARBINARY(3) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`note_index`) = 3),
    ADD INDEX `users_note_index_diesel_envelope_idx` (`note_index`);
CREATE TRIGGER `users_email_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`email_index` = IF(
        NOT (CAST(OLD.`email_plain` AS BINARY) <=> CAST(NEW.`email_plain` AS BINARY))
        AND CAST(OLD.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY),
        NULL, NEW.`email_index`
    ),
    NEW.`email` = IF(
        NOT (CAST(OLD.`email_plain` AS BINARY) <=> CAST(NEW.`email_plain` AS BINARY))
        AND CAST(OLD.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY),
        NULL, NEW.`email`
    );
CREATE TRIGGER `users_phone_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`phone_index` = IF(
        NOT (CAST(OLD.`phone_plain` AS BINARY) <=> CAST(NEW.`phone_plain` AS BINARY))
        AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY),
        NULL, NEW.`phone_index`
    ),
    NEW.`phone_last4_index` = IF(
        NOT (CAST(OLD.`phone_plain` AS BINARY) <=> CAST(NEW.`phone_plain` AS BINARY))
        AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY),
        NULL, NEW.`phone_last4_index`
    ),
    NEW.`phone` = IF(
        NOT (CAST(OLD.`phone_plain` AS BINARY) <=> CAST(NEW.`phone_plain` AS BINARY))
        AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY),
        NULL, NEW.`phone`
    );
CREATE TRIGGER `users_note_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_index` = IF(
        NOT (CAST(OLD.`note` AS BINARY) <=> CAST(NEW.`note` AS BINARY))
        AND (OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) >= 50 AND substr(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 0 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[A-Za-z0-9_-]$' OR
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 2 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[AQgw]$' OR
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 3 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[AEIMQUYcgkosw048]$'
    )
    OR OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 12 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 36 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 56 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
    )) IS NOT TRUE,
        NULL, NEW.`note_index`
    );
