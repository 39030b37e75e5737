-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
ALTER TABLE `users`
    DROP COLUMN `email`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`;
