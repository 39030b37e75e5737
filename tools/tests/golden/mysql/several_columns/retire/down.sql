-- Adds the first columns again, without values.
ALTER TABLE `users`
    ADD COLUMN `email_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index`) = 32),
    ADD UNIQUE INDEX `users_email_index_diesel_envelope_idx` (`email_index`),
    ADD COLUMN `phone_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`phone_index`) = 32),
    ADD UNIQUE INDEX `users_phone_index_diesel_envelope_idx` (`phone_index`),
    ADD COLUMN `phone_last4_index` VARBINARY(2) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`phone_last4_index`) = 2),
    ADD INDEX `users_phone_last4_index_diesel_envelope_idx` (`phone_last4_index`),
    ADD COLUMN `note_index` VARBINARY(3) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`note_index`) = 3),
    ADD INDEX `users_note_index_diesel_envelope_idx` (`note_index`);
CREATE TRIGGER `users_email_diesel_envelope_first` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`email_index` = IF(
        NOT (CAST(OLD.`email_index_b` AS BINARY) <=> CAST(NEW.`email_index_b` AS BINARY))
        AND CAST(OLD.`email_index` AS BINARY) <=> CAST(NEW.`email_index` AS BINARY),
        NULL, NEW.`email_index`
    );
CREATE TRIGGER `users_phone_diesel_envelope_first` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`phone_index` = IF(
        NOT (CAST(OLD.`phone_index_b` AS BINARY) <=> CAST(NEW.`phone_index_b` AS BINARY))
        AND CAST(OLD.`phone_index` AS BINARY) <=> CAST(NEW.`phone_index` AS BINARY),
        NULL, NEW.`phone_index`
    ),
    NEW.`phone_last4_index` = IF(
        NOT (CAST(OLD.`phone_last4_index_b` AS BINARY) <=> CAST(NEW.`phone_last4_index_b` AS BINARY))
        AND CAST(OLD.`phone_last4_index` AS BINARY) <=> CAST(NEW.`phone_last4_index` AS BINARY),
        NULL, NEW.`phone_last4_index`
    );
CREATE TRIGGER `users_note_diesel_envelope_first` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_index` = IF(
        NOT (CAST(OLD.`note_index_b` AS BINARY) <=> CAST(NEW.`note_index_b` AS BINARY))
        AND CAST(OLD.`note_index` AS BINARY) <=> CAST(NEW.`note_index` AS BINARY),
        NULL, NEW.`note_index`
    );
