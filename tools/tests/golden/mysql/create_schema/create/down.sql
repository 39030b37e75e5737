-- Drops the encrypted columns and their values.
ALTER TABLE `app`.`users`
    DROP COLUMN `email`,
    DROP INDEX `users_email_index_diesel_envelope_idx`,
    DROP COLUMN `email_index`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`;
