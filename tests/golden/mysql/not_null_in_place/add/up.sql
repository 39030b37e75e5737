-- add: users (note): columns for ciphertext and its blind indexes, which take no plaintext.
-- To be run before any program writes ciphertext. Afterwards deploy the program that writes both, backfill, and verify.
ALTER TABLE `users`
    ADD COLUMN `note_index` VARBINARY(3),
    ADD INDEX `users_note_index_diesel_envelope_idx` (`note_index`);
CREATE TRIGGER `users_note_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_index` = IF(
        NOT (CAST(OLD.`note` AS BINARY) <=> CAST(NEW.`note` AS BINARY))
        AND (OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) >= 50 AND LEFT(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 2) = 'de' AND SUBSTR(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 4, 1) = '.'
        OR OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) >= 100 AND OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) % 4 = 0 AND LEFT(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 6) = 'gAAAAA') IS NOT TRUE,
        NULL, NEW.`note_index`
    );
