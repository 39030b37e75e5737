-- Drops the encrypted columns and their values.
DROP TRIGGER `users_iban_diesel_envelope_row_key`;
DROP TRIGGER `users_email_diesel_envelope_row_key`;
DROP TRIGGER `users_name_diesel_envelope_row_key`;
ALTER TABLE `users`
    DROP COLUMN `iban`,
    DROP CONSTRAINT `users_iban_diesel_envelope_shape`,
    DROP CONSTRAINT `users_iban_diesel_envelope_row_bound`,
    DROP COLUMN `email`,
    DROP CONSTRAINT `users_email_diesel_envelope_shape`,
    DROP CONSTRAINT `users_email_diesel_envelope_row_bound`,
    DROP COLUMN `name`,
    DROP CONSTRAINT `users_name_diesel_envelope_shape`;
