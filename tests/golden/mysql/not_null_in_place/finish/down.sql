-- The plaintext columns come back empty: no migration can decrypt.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    MODIFY COLUMN `note_index` VARBINARY(3),
    DROP CONSTRAINT `users_note_diesel_envelope_shape`,
    MODIFY COLUMN `note` VARCHAR(384) COLLATE `utf8mb4_general_ci` NOT NULL;
CREATE TRIGGER `users_note_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_index` = IF(
        NOT (CAST(OLD.`note` AS BINARY) <=> CAST(NEW.`note` AS BINARY))
        AND (OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) >= 50 AND LEFT(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 2) = 'de' AND SUBSTR(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 4, 1) = '.'
        OR OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) >= 100 AND OCTET_LENGTH(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY)) % 4 = 0 AND LEFT(CAST(CONVERT(NEW.`note` USING utf8mb4) AS BINARY), 6) = 'gAAAAA') IS NOT TRUE,
        NULL, NEW.`note_index`
    );
SET SESSION sql_mode = @diesel_envelope_sql_mode;
