-- Adds the first columns again, without values.
ALTER TABLE `users`
    ADD COLUMN `note_index` VARBINARY(3) COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`note_index`) = 3),
    ADD INDEX `users_note_index_diesel_envelope_idx` (`note_index`);
CREATE TRIGGER `users_note_diesel_envelope_first` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_index` = IF(
        NOT (CAST(OLD.`note_index_b` AS BINARY) <=> CAST(NEW.`note_index_b` AS BINARY))
        AND CAST(OLD.`note_index` AS BINARY) <=> CAST(NEW.`note_index` AS BINARY),
        NULL, NEW.`note_index`
    );
