-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
DROP TRIGGER `users_note_diesel_envelope_backfill`;
ALTER TABLE `users`
    DROP INDEX `users_note_index_diesel_envelope_idx`,
    DROP COLUMN `note_index`;
