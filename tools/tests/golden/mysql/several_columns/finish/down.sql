-- Adds the plaintext columns again, without values: a migration cannot decrypt.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    MODIFY COLUMN `email` VARBINARY(384),
    MODIFY COLUMN `email_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`email_index`) = 32) */,
    ADD COLUMN `email_plain` varchar(50) NULL,
    DROP INDEX `users_phone_index_diesel_envelope_idx`,
    ADD INDEX `users_phone_index_diesel_envelope_idx` (`phone_index`),
    ADD COLUMN `phone_plain` varchar(50) NULL,
    MODIFY COLUMN `age` VARBINARY(128),
    DROP CONSTRAINT `users_note_diesel_envelope_shape`,
    MODIFY COLUMN `note` VARCHAR(384) COLLATE `utf8mb4_general_ci` NULL;
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
CREATE TRIGGER `users_phone_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`phone_index` = IF(
        NOT (CAST(OLD.`phone_plain` AS BINARY) <=> CAST(NEW.`phone_plain` AS BINARY))
        AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY),
        NULL, NEW.`phone_index`
    ),
    NEW.`phone_last4_index` = IF(
        NOT (CAST(OLD.`phone_plain` AS BINARY) <=> CAST(NEW.`phone_plain` AS BINARY))
        AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY),
        NULL, NEW.`phone_last4_index`
    ),
    NEW.`phone` = IF(
        NOT (CAST(OLD.`phone_plain` AS BINARY) <=> CAST(NEW.`phone_plain` AS BINARY))
        AND CAST(OLD.`phone` AS BINARY) <=> CAST(NEW.`phone` AS BINARY),
        NULL, NEW.`phone`
    );
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
