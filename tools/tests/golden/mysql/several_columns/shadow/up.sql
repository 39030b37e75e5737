-- shadow: users (email, phone, age, note): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
ALTER TABLE `users`
    ADD COLUMN `email_index_b` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index_b`) = 32),
    ADD COLUMN `phone_index_b` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`phone_index_b`) = 32),
    ADD COLUMN `phone_last4_index_b` VARBINARY(2) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`phone_last4_index_b`) = 2),
    ADD COLUMN `note_index_b` VARBINARY(3) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`note_index_b`) = 3);
CREATE TRIGGER `users_email_diesel_envelope_shadow` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`email_index_b` = IF(
        NOT (CAST(OLD.`email_index` AS BINARY) <=> CAST(NEW.`email_index` AS BINARY))
        AND CAST(OLD.`email_index_b` AS BINARY) <=> CAST(NEW.`email_index_b` AS BINARY),
        NULL, NEW.`email_index_b`
    );
CREATE TRIGGER `users_phone_diesel_envelope_shadow` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`phone_index_b` = IF(
        NOT (CAST(OLD.`phone_index` AS BINARY) <=> CAST(NEW.`phone_index` AS BINARY))
        AND CAST(OLD.`phone_index_b` AS BINARY) <=> CAST(NEW.`phone_index_b` AS BINARY),
        NULL, NEW.`phone_index_b`
    ),
    NEW.`phone_last4_index_b` = IF(
        NOT (CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY))
        AND CAST(OLD.`phone_last4_index_b` AS BINARY) <=> CAST(NEW.`phone_last4_index_b` AS BINARY),
        NULL, NEW.`phone_last4_index_b`
    );
CREATE TRIGGER `users_note_diesel_envelope_shadow` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_index_b` = IF(
        NOT (CAST(OLD.`note` AS BINARY) <=> CAST(NEW.`note` AS BINARY))
        AND CAST(OLD.`note_index_b` AS BINARY) <=> CAST(NEW.`note_index_b` AS BINARY),
        NULL, NEW.`note_index_b`
    );
