-- Drops the second columns.
DROP TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_shadow`;
ALTER TABLE `or"der``s'; --`
    DROP COLUMN `sec"ond``'`;
