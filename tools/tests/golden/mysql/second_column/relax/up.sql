-- relax: users (email): allows NULL in the plaintext columns.
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
SET SESSION sql_mode = @diesel_envelope_sql_mode;
