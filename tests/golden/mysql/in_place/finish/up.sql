-- finish: users (note): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- Indexes over a plaintext column lose it, and a UNIQUE one becomes narrower: drop them before.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_note_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT (`note` IS NULL OR OCTET_LENGTH(CAST(CONVERT(`note` USING utf8mb4) AS BINARY)) >= 50 AND LEFT(CAST(CONVERT(`note` USING utf8mb4) AS BINARY), 2) = 'de' AND SUBSTR(CAST(CONVERT(`note` USING utf8mb4) AS BINARY), 4, 1) = '.'
        OR OCTET_LENGTH(CAST(CONVERT(`note` USING utf8mb4) AS BINARY)) >= 100 AND OCTET_LENGTH(CAST(CONVERT(`note` USING utf8mb4) AS BINARY)) % 4 = 0 AND LEFT(CAST(CONVERT(`note` USING utf8mb4) AS BINARY), 6) = 'gAAAAA') LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_note_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`note` IS NULL OR `note_index` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `users`
    ADD CONSTRAINT `users_note_diesel_envelope_complete` CHECK (
        (`note` IS NULL OR `note_index` IS NOT NULL)
    ),
    MODIFY COLUMN `note` VARCHAR(384) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD CONSTRAINT `users_note_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`note`) >= 50 AND LEFT(`note`, 2) = 'de' AND SUBSTR(`note`, 3, 1) BETWEEN '1' AND '9'
            AND SUBSTR(`note`, 4, 1) = '.' AND SUBSTR(`note`, 5, 1) BETWEEN 'o' AND 'r' AND SUBSTR(`note`, 5) NOT REGEXP '[^A-Za-z0-9_-]'
        OR OCTET_LENGTH(`note`) >= 100 AND OCTET_LENGTH(`note`) % 4 = 0 AND LEFT(`note`, 6) = 'gAAAAA'
            AND LEFT(`note`, OCTET_LENGTH(`note`) - 2) NOT REGEXP '[^A-Za-z0-9_-]' AND RIGHT(`note`, 2) NOT REGEXP '[^A-Za-z0-9_=-]|=[^=]'
    );
DROP TRIGGER `users_note_diesel_envelope_backfill`;
ALTER TABLE `users`
    DROP CONSTRAINT `users_note_diesel_envelope_complete`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
