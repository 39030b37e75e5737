-- add: users (email): columns for ciphertext and its blind indexes, which take no plaintext.
-- To be run before any program writes ciphertext. Afterwards deploy the program that writes both, backfill, and verify.
ALTER TABLE `users`
    ADD COLUMN `email` VARCHAR(384) CHARACTER SET ascii COLLATE ascii_bin,
    ADD COLUMN `email_index` VARBINARY(32),
    ADD INDEX `users_email_index_diesel_envelope_idx` (`email_index`),
    ADD CONSTRAINT `users_email_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`email`) >= 50 AND LEFT(`email`, 2) = 'de' AND SUBSTR(`email`, 3, 1) BETWEEN '1' AND '9'
            AND SUBSTR(`email`, 4, 1) = '.' AND SUBSTR(`email`, 5, 1) BETWEEN 'o' AND 'r' AND SUBSTR(`email`, 5) NOT REGEXP '[^A-Za-z0-9_-]'
        OR OCTET_LENGTH(`email`) >= 100 AND OCTET_LENGTH(`email`) % 4 = 0 AND LEFT(`email`, 6) = 'gAAAAA'
            AND LEFT(`email`, OCTET_LENGTH(`email`) - 2) NOT REGEXP '[^A-Za-z0-9_-]' AND RIGHT(`email`, 2) NOT REGEXP '[^A-Za-z0-9_=-]|=[^=]'
    );
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
