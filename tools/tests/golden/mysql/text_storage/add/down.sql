-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_complete` CHECK (
        `email` IS NULL OR `email_plain` IS NOT NULL
    );
DROP TRIGGER `users_email_diesel_envelope_backfill`;
ALTER TABLE `users`
    DROP COLUMN `email`,
    DROP INDEX `users_email_index_diesel_envelope_idx`,
    DROP COLUMN `email_index`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`,
    DROP CONSTRAINT `users_email_diesel_envelope_complete`;
