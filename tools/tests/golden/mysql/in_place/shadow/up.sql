-- shadow: users (note): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
ALTER TABLE `users`
    ADD COLUMN `note_index_b` VARBINARY(3) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`note_index_b`) = 3);
CREATE TRIGGER `users_note_diesel_envelope_shadow` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_index_b` = IF(
        NOT (CAST(OLD.`note` AS BINARY) <=> CAST(NEW.`note` AS BINARY))
        AND CAST(OLD.`note_index_b` AS BINARY) <=> CAST(NEW.`note_index_b` AS BINARY),
        NULL, NEW.`note_index_b`
    );
