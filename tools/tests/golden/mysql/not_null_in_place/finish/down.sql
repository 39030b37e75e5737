-- Adds the plaintext columns again, without values: a migration cannot decrypt.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    MODIFY COLUMN `note_index` VARBINARY(3) COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`note_index`) = 3) */,
    DROP CONSTRAINT `users_note_diesel_envelope_shape`,
    MODIFY COLUMN `note` VARCHAR(384) COLLATE `utf8mb4_general_ci` NOT NULL;
CREATE TRIGGER `users_note_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`note_index` = IF(
        NOT (CAST(OLD.`note` AS BINARY) <=> CAST(NEW.`note` AS BINARY))
        AND (OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) >= 50 AND substr(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 0 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[A-Za-z0-9_-]$' OR
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 2 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[AQgw]$' OR
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 3 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[AEIMQUYcgkosw048]$'
    )
    OR OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 12 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 36 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
        OCTET_LENGTH(CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 56 AND CONVERT(NEW.`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
    )) IS NOT TRUE,
        NULL, NEW.`note_index`
    );
SET SESSION sql_mode = @diesel_envelope_sql_mode;
