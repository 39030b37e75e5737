-- Adds the first columns again, without values.
ALTER TABLE `users`
    ADD COLUMN `email_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index`) = 32),
    ADD INDEX `users_email_index_diesel_envelope_idx` (`email_index`);
CREATE TRIGGER `users_email_diesel_envelope_first` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`email_index` = IF(
        NOT (CAST(OLD.`email_index_b` AS BINARY) <=> CAST(NEW.`email_index_b` AS BINARY))
        AND CAST(OLD.`email_index` AS BINARY) <=> CAST(NEW.`email_index` AS BINARY),
        NULL, NEW.`email_index`
    );
