-- If a row has no plaintext, this migration fails.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    MODIFY COLUMN `email_plain` varchar(50) NOT NULL;
DROP TRIGGER IF EXISTS `users_email_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_phone_diesel_envelope_relax`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
