-- Drops what is encrypted. The first statement fails where a row has a ciphertext and no plaintext.
DROP TRIGGER `users_note_diesel_envelope_backfill`;
ALTER TABLE `users`
    DROP INDEX `users_note_index_diesel_envelope_idx`,
    DROP COLUMN `note_index`;
