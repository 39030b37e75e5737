-- Drops the encrypted columns and their values.
ALTER TABLE `users`
    DROP COLUMN `email`,
    DROP INDEX `users_email_index_diesel_envelope_idx`,
    DROP COLUMN `email_index`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`,
    DROP COLUMN `iban`,
    DROP INDEX `users_iban_index_diesel_envelope_idx`,
    DROP COLUMN `iban_index`,
    DROP INDEX `users_iban_last4_index_diesel_envelope_idx`,
    DROP COLUMN `iban_last4_index`,
    DROP CONSTRAINT `users_iban_diesel_envelope_shape`,
    DROP CONSTRAINT `users_iban_diesel_envelope_bound`;
