-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_complete` CHECK (
        `email` IS NULL OR `email_plain` IS NOT NULL
    ),
    ADD CONSTRAINT `users_name_diesel_envelope_complete` CHECK (
        `name` IS NULL OR `name_plain` IS NOT NULL
    ),
    ADD CONSTRAINT `users_iban_diesel_envelope_complete` CHECK (
        `iban` IS NULL OR `iban_plain` IS NOT NULL
    ),
    ADD CONSTRAINT `users_phone_diesel_envelope_complete` CHECK (
        `phone` IS NULL OR `phone_plain` IS NOT NULL
    ),
    ADD CONSTRAINT `users_note_diesel_envelope_complete` CHECK (
        `note` IS NULL OR `note_plain` IS NOT NULL
    );
DROP TRIGGER `users_email_diesel_envelope_backfill`;
DROP TRIGGER `users_name_diesel_envelope_backfill`;
DROP TRIGGER `users_iban_diesel_envelope_backfill`;
DROP TRIGGER `users_phone_diesel_envelope_backfill`;
DROP TRIGGER `users_note_diesel_envelope_backfill`;
DROP TRIGGER `users_email_diesel_envelope_row_key`;
DROP TRIGGER `users_name_diesel_envelope_row_key`;
DROP TRIGGER `users_iban_diesel_envelope_row_key`;
DROP TRIGGER `users_phone_diesel_envelope_row_key`;
ALTER TABLE `users`
    DROP COLUMN `email`,
    DROP INDEX `users_email_index_diesel_envelope_idx`,
    DROP COLUMN `email_index`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`,
    DROP CONSTRAINT `users_email_diesel_envelope_complete`,
    DROP COLUMN `name`,
    DROP CONSTRAINT `users_name_diesel_envelope_shape`,
    DROP CONSTRAINT `users_name_diesel_envelope_complete`,
    DROP COLUMN `iban`,
    DROP CONSTRAINT `users_iban_diesel_envelope_shape`,
    DROP CONSTRAINT `users_iban_diesel_envelope_complete`,
    DROP COLUMN `phone`,
    DROP CONSTRAINT `users_phone_diesel_envelope_shape`,
    DROP CONSTRAINT `users_phone_diesel_envelope_complete`,
    DROP COLUMN `note`,
    DROP CONSTRAINT `users_note_diesel_envelope_shape`,
    DROP CONSTRAINT `users_note_diesel_envelope_complete`;
