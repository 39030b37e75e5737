-- finish: users (email, name, iban, phone, note): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
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
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_name_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`name_plain` IS NULL OR `name` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_iban_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`iban_plain` IS NULL OR `iban` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_phone_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`phone_plain` IS NULL OR `phone` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_note_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`note_plain` IS NULL OR `note` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_complete` CHECK (
        (`email_plain` IS NULL OR `email` IS NOT NULL) AND (`email` IS NULL OR `email_index` IS NOT NULL)
    ),
    ADD CONSTRAINT `users_name_diesel_envelope_complete` CHECK (
        (`name_plain` IS NULL OR `name` IS NOT NULL)
    ),
    ADD CONSTRAINT `users_iban_diesel_envelope_complete` CHECK (
        (`iban_plain` IS NULL OR `iban` IS NOT NULL)
    ),
    ADD CONSTRAINT `users_phone_diesel_envelope_complete` CHECK (
        (`phone_plain` IS NULL OR `phone` IS NOT NULL)
    ),
    ADD CONSTRAINT `users_note_diesel_envelope_complete` CHECK (
        (`note_plain` IS NULL OR `note` IS NOT NULL)
    );
DROP TRIGGER `users_email_diesel_envelope_backfill`;
DROP TRIGGER `users_name_diesel_envelope_backfill`;
DROP TRIGGER `users_iban_diesel_envelope_backfill`;
DROP TRIGGER `users_phone_diesel_envelope_backfill`;
DROP TRIGGER `users_note_diesel_envelope_backfill`;
DROP TRIGGER IF EXISTS `users_email_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_name_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_iban_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_phone_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_note_diesel_envelope_relax`;
ALTER TABLE `users`
    DROP CONSTRAINT `users_email_diesel_envelope_complete`,
    DROP COLUMN `email_plain`,
    DROP CONSTRAINT `users_name_diesel_envelope_complete`,
    DROP COLUMN `name_plain`,
    DROP CONSTRAINT `users_iban_diesel_envelope_complete`,
    DROP COLUMN `iban_plain`,
    DROP CONSTRAINT `users_phone_diesel_envelope_complete`,
    DROP COLUMN `phone_plain`,
    DROP CONSTRAINT `users_note_diesel_envelope_complete`,
    DROP COLUMN `note_plain`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
