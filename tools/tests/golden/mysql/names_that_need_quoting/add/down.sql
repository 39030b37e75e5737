-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, the first statement fails.
ALTER TABLE `or"der``s'; --`
    ADD CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete` CHECK (
        `e"mail``s'` IS NULL OR `$diesel_envelope$ pla"in``'` IS NOT NULL
    );
DROP TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_backfill`;
ALTER TABLE `or"der``s'; --`
    DROP COLUMN `e"mail``s'`,
    DROP INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx`,
    DROP COLUMN `e"mail``s index`,
    DROP CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_shape`,
    DROP CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_complete`;
