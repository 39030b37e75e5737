-- create: users (iban, email, name): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE `users` (
    `id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- Add the other columns here.
    `iban` VARBINARY(192) NOT NULL,
    `email` VARCHAR(448) CHARACTER SET ascii COLLATE ascii_bin,
    `name` VARBINARY(192),
    CONSTRAINT `users_iban_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`iban`) >= 34 AND LEFT(`iban`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`iban`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`iban` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`iban`) % 64 = 12 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`iban`) % 64 = 36 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`iban`) % 64 = 56 AND CONVERT(`iban` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    ),
    CONSTRAINT `users_iban_diesel_envelope_row_bound` CHECK (
        ORD(LEFT(`iban`, 1)) = 161 AND ORD(SUBSTR(`iban`, 2, 1)) & 5 = 5
    ),
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
    CONSTRAINT `users_email_diesel_envelope_row_bound` CHECK (
        LEFT(`email`, 6) = 'de1.oQ' AND SUBSTR(`email`, 7, 1) IN ('U', 'V', 'W', 'X', 'c', 'd', 'e', 'f')
    ),
    CONSTRAINT `users_name_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`name`) >= 34 AND LEFT(`name`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`name`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`name` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`name`) % 64 = 12 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`name`) % 64 = 36 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`name`) % 64 = 56 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    )
);
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_iban_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`iban` IS NOT NULL AND CAST(OLD.`iban` AS BINARY) <=> CAST(NEW.`iban` AS BINARY)
    AND (NOT (CAST(OLD.`tenant` AS BINARY) <=> CAST(NEW.`tenant` AS BINARY)) OR NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.iban is bound to its row: an UPDATE of tenant, id must write iban too';
END IF;
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_email_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`email` IS NOT NULL AND CAST(OLD.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY)
    AND (NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.email is bound to its row: an UPDATE of id must write email too';
END IF;
-- The trigger contains a semicolon. If you use the client of the database, set another DELIMITER for it.
CREATE TRIGGER `users_name_diesel_envelope_row_key` BEFORE UPDATE ON `users` FOR EACH ROW
IF NEW.`name` IS NOT NULL AND CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY)
    AND (NOT (CAST(OLD.`id` AS BINARY) <=> CAST(NEW.`id` AS BINARY)))
THEN
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'users.name is bound to its row: an UPDATE of id must write name too';
END IF;
