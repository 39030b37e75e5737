-- Drops what is encrypted. The first statement fails where a row has a ciphertext and no plaintext.
ALTER TABLE `users`
    DROP COLUMN `email`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`;
