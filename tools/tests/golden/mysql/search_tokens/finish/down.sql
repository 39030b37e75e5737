-- Adds the plaintext columns again, without values: a migration cannot decrypt.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    MODIFY COLUMN `name` VARBINARY(384),
    MODIFY COLUMN `name_index` VARBINARY(32) COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`name_index`) = 32) */,
    MODIFY COLUMN `name_tokens` BLOB COMMENT 'diesel-envelope: blind index, search tokens',
    ADD COLUMN `name_plain` varchar(50) NULL;
CREATE TRIGGER `users_name_diesel_envelope_backfill` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`name_index` = IF(
        NOT (CAST(OLD.`name_plain` AS BINARY) <=> CAST(NEW.`name_plain` AS BINARY))
        AND CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY),
        NULL, NEW.`name_index`
    ),
    NEW.`name_tokens` = IF(
        NOT (CAST(OLD.`name_plain` AS BINARY) <=> CAST(NEW.`name_plain` AS BINARY))
        AND CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY),
        NULL, NEW.`name_tokens`
    ),
    NEW.`name` = IF(
        NOT (CAST(OLD.`name_plain` AS BINARY) <=> CAST(NEW.`name_plain` AS BINARY))
        AND CAST(OLD.`name` AS BINARY) <=> CAST(NEW.`name` AS BINARY),
        NULL, NEW.`name`
    );
SET SESSION sql_mode = @diesel_envelope_sql_mode;
