-- finish: users (name): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- First drop the indexes that contain a plaintext column: MySQL would remove the column from them, and UNIQUE would cover fewer columns.
-- The database keeps the bytes of a dropped column in its pages until the table is rewritten.
-- When traffic is low, run ALTER TABLE with FORCE.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_name_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`name_plain` IS NULL OR `name` IS NOT NULL) AND (`name` IS NULL OR `name_index` IS NOT NULL) AND (`name` IS NULL OR `name_tokens` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `users`
    ADD CONSTRAINT `users_name_diesel_envelope_complete` CHECK (
        (`name_plain` IS NULL OR `name` IS NOT NULL) AND (`name` IS NULL OR `name_index` IS NOT NULL) AND (`name` IS NULL OR `name_tokens` IS NOT NULL)
    ),
    MODIFY COLUMN `name` VARBINARY(384) NOT NULL,
    MODIFY COLUMN `name_index` VARBINARY(32) NOT NULL COMMENT 'diesel-envelope: blind index' /*M! CHECK (OCTET_LENGTH(`name_index`) = 32) */,
    MODIFY COLUMN `name_tokens` BLOB NOT NULL COMMENT 'diesel-envelope: blind index, search tokens';
DROP TRIGGER `users_name_diesel_envelope_backfill`;
DROP TRIGGER IF EXISTS `users_name_diesel_envelope_relax`;
ALTER TABLE `users`
    DROP CONSTRAINT `users_name_diesel_envelope_complete`,
    DROP COLUMN `name_plain`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
