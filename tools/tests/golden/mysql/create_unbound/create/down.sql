-- Drops the encrypted columns and their values.
ALTER TABLE `users`
    DROP COLUMN `email`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`;
