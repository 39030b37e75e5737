-- Drops the encrypted columns and their values.
DROP TRIGGER IF EXISTS `users_name_tokens_diesel_envelope_insert`;
DROP TRIGGER IF EXISTS `users_name_tokens_diesel_envelope_update`;
DROP TABLE `users_name_tokens`;
ALTER TABLE `users`
    DROP COLUMN `name`,
    DROP INDEX `users_name_index_diesel_envelope_idx`,
    DROP COLUMN `name_index`,
    DROP COLUMN `name_tokens`,
    DROP CONSTRAINT `users_name_diesel_envelope_shape`;
