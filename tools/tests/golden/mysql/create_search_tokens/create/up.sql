-- create: users (name): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
ALTER TABLE `users`
    ADD COLUMN `name` VARBINARY(384) NOT NULL,
    ADD COLUMN `name_index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`name_index`) = 32),
    ADD COLUMN `name_tokens` BLOB NOT NULL COMMENT 'diesel-envelope: blind index, search tokens',
    ADD INDEX `users_name_index_diesel_envelope_idx` (`name_index`),
    ADD CONSTRAINT `users_name_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`name`) >= 34 AND LEFT(`name`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`name`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`name` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`name`) % 64 = 12 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`name`) % 64 = 36 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`name`) % 64 = 56 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    );
CREATE TABLE `users_name_tokens` (
    `token` BINARY(2) NOT NULL,
    PRIMARY KEY (`token`, `tenant`, `id`)
) SELECT CAST('' AS BINARY(2)) AS `token`, `tenant`, `id` FROM `users` WHERE FALSE;
ALTER TABLE `users_name_tokens`
    ADD CONSTRAINT `users_name_tokens_diesel_envelope_row` FOREIGN KEY (`tenant`, `id`) REFERENCES `users` (`tenant`, `id`)
        ON DELETE CASCADE ON UPDATE CASCADE;
CREATE TRIGGER `users_name_tokens_diesel_envelope_insert` AFTER INSERT ON `users` FOR EACH ROW
BEGIN
    DECLARE place INT DEFAULT 1;
    WHILE place < LENGTH(NEW.`name_tokens`) DO
        INSERT INTO `users_name_tokens` (`token`, `tenant`, `id`)
            VALUES (SUBSTRING(NEW.`name_tokens`, place, 2), NEW.`tenant`, NEW.`id`);
        SET place = place + 2;
    END WHILE;
END;
CREATE TRIGGER `users_name_tokens_diesel_envelope_update` AFTER UPDATE ON `users` FOR EACH ROW
BEGIN
    DECLARE place INT DEFAULT 1;
    IF NOT (CAST(OLD.`name_tokens` AS BINARY) <=> CAST(NEW.`name_tokens` AS BINARY)) THEN
        DELETE FROM `users_name_tokens` WHERE `tenant` = NEW.`tenant` AND `id` = NEW.`id`;
    WHILE place < LENGTH(NEW.`name_tokens`) DO
        INSERT INTO `users_name_tokens` (`token`, `tenant`, `id`)
            VALUES (SUBSTRING(NEW.`name_tokens`, place, 2), NEW.`tenant`, NEW.`id`);
        SET place = place + 2;
    END WHILE;
    END IF;
END;
