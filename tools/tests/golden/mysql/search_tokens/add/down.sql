-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
ALTER TABLE `users`
    ADD CONSTRAINT `users_name_diesel_envelope_complete` CHECK (
        `name` IS NULL OR `name_plain` IS NOT NULL
    );
DROP TRIGGER `users_name_diesel_envelope_backfill`;
DROP TRIGGER IF EXISTS `users_name_tokens_diesel_envelope_insert`;
DROP TRIGGER IF EXISTS `users_name_tokens_diesel_envelope_update`;
DROP TABLE `users_name_tokens`;
ALTER TABLE `users`
    DROP COLUMN `name`,
    DROP INDEX `users_name_index_diesel_envelope_idx`,
    DROP COLUMN `name_index`,
    DROP COLUMN `name_tokens`,
    DROP CONSTRAINT `users_name_diesel_envelope_shape`,
    DROP CONSTRAINT `users_name_diesel_envelope_complete`;
