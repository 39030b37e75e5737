-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_complete` CHECK (
        `email` IS NULL OR `email_plain` IS NOT NULL
    ),
    ADD CONSTRAINT `users_phone_diesel_envelope_complete` CHECK (
        `phone` IS NULL OR `phone_plain` IS NOT NULL
    );
DROP TRIGGER `users_email_diesel_envelope_backfill`;
DROP TRIGGER `users_phone_diesel_envelope_backfill`;
DROP TRIGGER `users_note_diesel_envelope_backfill`;
ALTER TABLE `users`
    DROP COLUMN `email`,
    DROP INDEX `users_email_index_diesel_envelope_idx`,
    DROP COLUMN `email_index`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`,
    DROP CONSTRAINT `users_email_diesel_envelope_complete`,
    DROP COLUMN `phone`,
    DROP INDEX `users_phone_index_diesel_envelope_idx`,
    DROP COLUMN `phone_index`,
    DROP INDEX `users_phone_last4_index_diesel_envelope_idx`,
    DROP COLUMN `phone_last4_index`,
    DROP CONSTRAINT `users_phone_diesel_envelope_shape`,
    DROP CONSTRAINT `users_phone_diesel_envelope_complete`,
    DROP COLUMN `age`,
    DROP CONSTRAINT `users_age_diesel_envelope_shape`,
    DROP INDEX `users_note_index_diesel_envelope_idx`,
    DROP COLUMN `note_index`;
