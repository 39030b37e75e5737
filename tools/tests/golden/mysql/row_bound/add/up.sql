-- add: users (email, name, iban, phone, note): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE `users`
    ADD COLUMN `email` VARBINARY(384),
    ADD COLUMN `email_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index`) = 32),
    ADD INDEX `users_email_index_diesel_envelope_idx` (`email_index`),
    ADD CONSTRAINT `users_email_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`email`) >= 34 AND LEFT(`email`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`email`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`email` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`email`) % 64 = 12 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`email`) % 64 = 36 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`email`) % 64 = 56 AND CONVERT(`email` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `name` VARBINARY(384),
    ADD CONSTRAINT `users_name_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`name`) >= 34 AND LEFT(`name`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`name`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`name` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`name`) % 64 = 12 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`name`) % 64 = 36 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`name`) % 64 = 56 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    ADD COLUMN `iban` VARCHAR(384) CHARACTER SET ascii COLLATE ascii_bin,
    ADD CONSTRAINT `users_iban_diesel_envelope_shape` CHECK (
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
    ADD COLUMN `phone` VARCHAR(384) CHARACTER SET ascii COLLATE ascii_bin,
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
    ADD COLUMN `note` VARBINARY(384),
    ADD CONSTRAINT `users_note_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`note`) >= 34 AND LEFT(`note`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`note`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`note` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`note`) % 64 = 12 AND CONVERT(`note` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`note`) % 64 = 36 AND CONVERT(`note` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`note`) % 64 = 56 AND CONVERT(`note` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
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
CREATE TRIGGER `users_name_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`name` = IF(
        NOT (CAST(OLD.`name_plain` AS BINARY) <=> CAST(NEW.`name_plain` AS BINARY))
        AND CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY),
        NULL, NEW.`name`
    );
CREATE TRIGGER `users_iban_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`iban` = IF(
        NOT (CAST(OLD.`iban_plain` AS BINARY) <=> CAST(NEW.`iban_plain` AS BINARY))
        AND CAST(OLD.`iban` AS BINARY) <=> CAST(NEW.`iban` AS BINARY),
        NULL, NEW.`iban`
    );
CREATE TRIGGER `users_phone_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`phone` = IF(
        NOT (CAST(OLD.`phone_plain` AS BINARY) <=> CAST(NEW.`phone_plain` AS BINARY))
        AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY),
        NULL, NEW.`phone`
    );
CREATE TRIGGER `users_note_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note` = IF(
        NOT (CAST(OLD.`note_plain` AS BINARY) <=> CAST(NEW.`note_plain` AS BINARY))
        AND CAST(OLD.`note` AS BINARY) <=> CAST(NEW.`note` AS BINARY),
        NULL, NEW.`note`
    );
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_email_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`email` IS NOT NULL AND CAST(OLD.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY)
    AND (NOT (CAST(OLD.`tenant` AS BINARY) <=> CAST(NEW.`tenant` AS BINARY)) OR NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.email is bound to its row: an UPDATE of tenant, id must write email too';
END IF;
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_name_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`name` IS NOT NULL AND CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY)
    AND (NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.name is bound to its row: an UPDATE of id must write name too';
END IF;
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_iban_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`iban` IS NOT NULL AND CAST(OLD.`iban` AS BINARY) <=> CAST(NEW.`iban` AS BINARY)
    AND (NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.iban is bound to its row: an UPDATE of id must write iban too';
END IF;
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_phone_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`phone` IS NOT NULL AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY)
    AND (NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.phone is bound to its row: an UPDATE of id must write phone too';
END IF;
