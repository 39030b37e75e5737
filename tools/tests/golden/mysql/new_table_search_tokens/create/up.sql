-- create: users (name): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE `users` (
    `id` BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    -- Add the other columns here.
    `name` VARBINARY(384) NOT NULL,
    `name_index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' CHECK (OCTET_LENGTH(`name_index`) = 32),
    `name_tokens` BLOB NOT NULL COMMENT 'diesel-envelope: blind index, search tokens',
    INDEX `users_name_index_diesel_envelope_idx` (`name_index`),
    CONSTRAINT `users_name_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`name`) >= 34 AND LEFT(`name`, 1) BETWEEN X'A0' AND X'AF'
            OR OCTET_LENGTH(`name`) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`name` USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`name`) % 64 = 12 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`name`) % 64 = 36 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`name`) % 64 = 56 AND CONVERT(`name` USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    )
);
CREATE TABLE `users_name_tokens` (
    `token` BINARY(2) NOT NULL,
    PRIMARY KEY (`token`, `id`)
) SELECT CAST('' AS BINARY(2)) AS `token`, `id` FROM `users` WHERE FALSE;
ALTER TABLE `users_name_tokens`
    ADD CONSTRAINT `users_name_tokens_diesel_envelope_row` FOREIGN KEY (`id`) REFERENCES `users` (`id`)
        ON DELETE CASCADE ON UPDATE CASCADE;
CREATE TRIGGER `users_name_tokens_diesel_envelope_insert` AFTER INSERT ON `users` FOR EACH ROW
BEGIN
    DECLARE place INT DEFAULT 1;
    WHILE place < LENGTH(NEW.`name_tokens`) DO
        INSERT INTO `users_name_tokens` (`token`, `id`)
            VALUES (SUBSTRING(NEW.`name_tokens`, place, 2), NEW.`id`);
        SET place = place + 2;
    END WHILE;
END;
CREATE TRIGGER `users_name_tokens_diesel_envelope_update` AFTER UPDATE ON `users` FOR EACH ROW
BEGIN
    DECLARE place INT DEFAULT 1;
    IF NOT (CAST(OLD.`name_tokens` AS BINARY) <=> CAST(NEW.`name_tokens` AS BINARY)) THEN
        DELETE FROM `users_name_tokens` WHERE `id` = NEW.`id`;
    WHILE place < LENGTH(NEW.`name_tokens`) DO
        INSERT INTO `users_name_tokens` (`token`, `id`)
            VALUES (SUBSTRING(NEW.`name_tokens`, place, 2), NEW.`id`);
        SET place = place + 2;
    END WHILE;
    END IF;
END;
