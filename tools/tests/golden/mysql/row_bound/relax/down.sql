-- If a row has no plaintext, this migration fails.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TRIGGER IF EXISTS `users_email_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_name_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_iban_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_phone_diesel_envelope_relax`;
DROP TRIGGER IF EXISTS `users_note_diesel_envelope_relax`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
