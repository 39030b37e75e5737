-- shadow: users (email, name, iban, phone, note): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
ALTER TABLE `users`
    ADD COLUMN `email_index_b` VARBINARY(32) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`email_index_b`) = 32);
CREATE TRIGGER `users_email_diesel_envelope_shadow` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`email_index_b` = IF(
        NOT (CAST(OLD.`email_index` AS BINARY) <=> CAST(NEW.`email_index` AS BINARY))
        AND CAST(OLD.`email_index_b` AS BINARY) <=> CAST(NEW.`email_index_b` AS BINARY),
        NULL, NEW.`email_index_b`
    );
