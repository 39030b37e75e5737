-- relax: users (email, name, iban, phone, note): allows NULL in the plaintext columns.
-- If a program writes only the ciphertext, a trigger sets the plaintext to NULL.
-- Run it when no program reads the plaintext, before you deploy a program that does not write it.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
CREATE TRIGGER `users_email_diesel_envelope_relax` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`email_plain` = IF(
        NOT (CAST(OLD.`email` AS BINARY) <=> CAST(NEW.`email` AS BINARY))
        AND CAST(OLD.`email_plain` AS BINARY) <=> CAST(NEW.`email_plain` AS BINARY),
        NULL, NEW.`email_plain`
    );
CREATE TRIGGER `users_name_diesel_envelope_relax` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`name_plain` = IF(
        NOT (CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY))
        AND CAST(OLD.`name_plain` AS BINARY) <=> CAST(NEW.`name_plain` AS BINARY),
        NULL, NEW.`name_plain`
    );
CREATE TRIGGER `users_iban_diesel_envelope_relax` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`iban_plain` = IF(
        NOT (CAST(OLD.`iban` AS BINARY) <=> CAST(NEW.`iban` AS BINARY))
        AND CAST(OLD.`iban_plain` AS BINARY) <=> CAST(NEW.`iban_plain` AS BINARY),
        NULL, NEW.`iban_plain`
    );
CREATE TRIGGER `users_phone_diesel_envelope_relax` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`phone_plain` = IF(
        NOT (CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY))
        AND CAST(OLD.`phone_plain` AS BINARY) <=> CAST(NEW.`phone_plain` AS BINARY),
        NULL, NEW.`phone_plain`
    );
CREATE TRIGGER `users_note_diesel_envelope_relax` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_plain` = IF(
        NOT (CAST(OLD.`note` AS BINARY) <=> CAST(NEW.`note` AS BINARY))
        AND CAST(OLD.`note_plain` AS BINARY) <=> CAST(NEW.`note_plain` AS BINARY),
        NULL, NEW.`note_plain`
    );
SET SESSION sql_mode = @diesel_envelope_sql_mode;
