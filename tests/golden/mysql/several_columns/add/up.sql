-- add: users (email, phone, age, note): columns for ciphertext and its blind indexes, which take no plaintext.
-- To be run before any program writes ciphertext. Afterwards deploy the program that writes both, backfill, and verify.
ALTER TABLE `users`
    ADD COLUMN `email` VARBINARY(384),
    ADD COLUMN `email_index` VARBINARY(32),
    ADD UNIQUE INDEX `users_email_index_diesel_envelope_idx` (`email_index`),
    ADD CONSTRAINT `users_email_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`email`) >= 34 AND LEFT(`email`, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(`email`) >= 100 AND OCTET_LENGTH(`email`) % 4 = 0 AND LEFT(`email`, 6) = X'674141414141'
    ),
    ADD COLUMN `phone` VARCHAR(384) CHARACTER SET ascii COLLATE ascii_bin,
    ADD COLUMN `phone_index` VARBINARY(32),
    ADD INDEX `users_phone_index_diesel_envelope_idx` (`phone_index`),
    ADD COLUMN `phone_last4_index` VARBINARY(2),
    ADD INDEX `users_phone_last4_index_diesel_envelope_idx` (`phone_last4_index`),
    ADD CONSTRAINT `users_phone_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`phone`) >= 50 AND LEFT(`phone`, 2) = 'de' AND SUBSTR(`phone`, 3, 1) BETWEEN '1' AND '9'
            AND SUBSTR(`phone`, 4, 1) = '.' AND SUBSTR(`phone`, 5, 1) BETWEEN 'o' AND 'r' AND SUBSTR(`phone`, 5) NOT REGEXP '[^A-Za-z0-9_-]'
        OR OCTET_LENGTH(`phone`) >= 100 AND OCTET_LENGTH(`phone`) % 4 = 0 AND LEFT(`phone`, 6) = 'gAAAAA'
            AND LEFT(`phone`, OCTET_LENGTH(`phone`) - 2) NOT REGEXP '[^A-Za-z0-9_-]' AND RIGHT(`phone`, 2) NOT REGEXP '[^A-Za-z0-9_=-]|=[^=]'
    ),
    ADD COLUMN `age` VARBINARY(128),
    ADD CONSTRAINT `users_age_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`age`) >= 34 AND LEFT(`age`, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(`age`) >= 100 AND OCTET_LENGTH(`age`) % 4 = 0 AND LEFT(`age`, 6) = X'674141414141'
    ),
    ADD COLUMN `note_index` VARBINARY(3),
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
        AND (OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) >= 50 AND LEFT(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 2) = 'de' AND SUBSTR(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 4, 1) = '.'
        OR OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) >= 100 AND OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) % 4 = 0 AND LEFT(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 6) = 'gAAAAA') IS NOT TRUE,
        NULL, NEW.`note_index`
    );
