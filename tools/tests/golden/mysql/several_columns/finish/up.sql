-- finish: users (email, phone, age, note): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- If a user typed a text in the whole shape of a ciphertext, only verify, which decrypts, finds it. Run verify first.
-- First drop the indexes that contain a plaintext column: MySQL would remove the column from them, and UNIQUE would cover fewer columns.
-- The database keeps the bytes of a dropped column in its pages until the table is rewritten.
-- When traffic is low, run ALTER TABLE with FORCE.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_email_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`email_plain` IS NULL OR `email` IS NOT NULL) AND (`email` IS NULL OR `email_index` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_phone_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`phone_plain` IS NULL OR `phone` IS NOT NULL) AND (`phone` IS NULL OR `phone_index` IS NOT NULL) AND (`phone` IS NULL OR `phone_last4_index` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_note_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT (`note` IS NULL OR OCTET_LENGTH(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) >= 50 AND substr(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
        OCTET_LENGTH(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 0 AND CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[A-Za-z0-9_-]$' OR
        OCTET_LENGTH(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 2 AND CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[AQgw]$' OR
        OCTET_LENGTH(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) % 4 = 3 AND CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^de1[.]o[Q-Za-f].*[AEIMQUYcgkosw048]$'
    )
    OR OCTET_LENGTH(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
        OCTET_LENGTH(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 12 AND CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
        OCTET_LENGTH(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 36 AND CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
        OCTET_LENGTH(CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin) % 64 = 56 AND CONVERT(`note` USING utf8mb4) COLLATE utf8mb4_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
    )) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_note_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`note` IS NULL OR `note_index` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_complete` CHECK (
        (`email_plain` IS NULL OR `email` IS NOT NULL) AND (`email` IS NULL OR `email_index` IS NOT NULL)
    ),
    MODIFY COLUMN `email` VARBINARY(384) NOT NULL,
    MODIFY COLUMN `email_index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`email_index`) = 32) */,
    ADD CONSTRAINT `users_phone_diesel_envelope_complete` CHECK (
        (`phone_plain` IS NULL OR `phone` IS NOT NULL) AND (`phone` IS NULL OR `phone_index` IS NOT NULL) AND (`phone` IS NULL OR `phone_last4_index` IS NOT NULL)
    ),
    DROP INDEX `users_phone_index_diesel_envelope_idx`,
    ADD UNIQUE INDEX `users_phone_index_diesel_envelope_idx` (`phone_index`),
    MODIFY COLUMN `age` VARBINARY(128) NOT NULL,
    ADD CONSTRAINT `users_note_diesel_envelope_complete` CHECK (
        (`note` IS NULL OR `note_index` IS NOT NULL)
    ),
    MODIFY COLUMN `note` VARCHAR(384) CHARACTER SET ascii COLLATE ascii_bin NULL,
    ADD CONSTRAINT `users_note_diesel_envelope_shape` CHECK (
        OCTET_LENGTH(`note`) >= 50 AND substr(`note`, 5) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`note`) % 4 = 0 AND `note` REGEXP '^de[1-9][.][o-r].*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`note`) % 4 = 2 AND `note` REGEXP '^de[1-9][.][o-r].*[AQgw]$' OR
                OCTET_LENGTH(`note`) % 4 = 3 AND `note` REGEXP '^de[1-9][.][o-r].*[AEIMQUYcgkosw048]$'
            )
            OR OCTET_LENGTH(`note`) >= 100 AND TRIM(TRAILING '=' FROM `note`) NOT REGEXP '[^A-Za-z0-9_-]' AND (
                OCTET_LENGTH(`note`) % 64 = 12 AND `note` REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
                OCTET_LENGTH(`note`) % 64 = 36 AND `note` REGEXP '^gAAAAA.*[AQgw]==$' OR
                OCTET_LENGTH(`note`) % 64 = 56 AND `note` REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
            )
    );
DROP TRIGGER `users_email_diesel_envelope_backfill`;
DROP TRIGGER `users_phone_diesel_envelope_backfill`;
DROP TRIGGER `users_note_diesel_envelope_backfill`;
DROP TRIGGER IF EXISTS `users_email_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_phone_diesel_envelope_relax`;
ALTER TABLE `users`
    DROP CONSTRAINT `users_email_diesel_envelope_complete`,
    DROP COLUMN `email_plain`,
    DROP CONSTRAINT `users_phone_diesel_envelope_complete`,
    DROP COLUMN `phone_plain`,
    DROP CONSTRAINT `users_note_diesel_envelope_complete`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
