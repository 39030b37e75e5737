-- Adds the plaintext columns again, without values: a migration cannot decrypt.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    ADD COLUMN `email_plain` varchar(50) NULL,
    ADD COLUMN `name_plain` varchar(50) NULL,
    ADD COLUMN `iban_plain` varchar(50) NULL,
    ADD COLUMN `phone_plain` varchar(50) NULL,
    ADD COLUMN `note_plain` varchar(50) NULL;
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
SET SESSION sql_mode = @diesel_envelope_sql_mode;
