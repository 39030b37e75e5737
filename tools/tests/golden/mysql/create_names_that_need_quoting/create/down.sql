-- Drops the encrypted columns and their values.
ALTER TABLE `or"der``s'; --`
    DROP COLUMN `e"mail``s'`,
    DROP INDEX `or"der``s'; --_e"mail``s index_diesel_envelope_idx`,
    DROP COLUMN `e"mail``s index`,
    DROP CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_shape`,
    DROP CONSTRAINT `or"der``s'; --_e"mail``s'_diesel_envelope_bound`;
