-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
ALTER TABLE `users`
    DROP COLUMN `in_row`,
    DROP CONSTRAINT `users_in_row_diesel_envelope_shape`,
    DROP COLUMN `in_row_text`,
    DROP CONSTRAINT `users_in_row_text_diesel_envelope_shape`,
    DROP COLUMN `beside_row`,
    DROP CONSTRAINT `users_beside_row_diesel_envelope_shape`,
    DROP COLUMN `medium`,
    DROP CONSTRAINT `users_medium_diesel_envelope_shape`,
    DROP COLUMN `long`,
    DROP CONSTRAINT `users_long_diesel_envelope_shape`,
    DROP COLUMN `number`,
    DROP CONSTRAINT `users_number_diesel_envelope_shape`,
    DROP COLUMN `any`,
    DROP CONSTRAINT `users_any_diesel_envelope_shape`;
