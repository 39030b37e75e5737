-- Drops the table and its rows.
DROP TRIGGER IF EXISTS `users_name_tokens_diesel_envelope_insert`;
DROP TRIGGER IF EXISTS `users_name_tokens_diesel_envelope_update`;
DROP TABLE `users_name_tokens`;
DROP TABLE `users`;
