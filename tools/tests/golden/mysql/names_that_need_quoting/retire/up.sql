-- retire: or"der`s'; -- (e"mail`s', n"ote`'): drops the first index columns.
-- Run it when no program reads or writes these columns.
DROP TRIGGER `or"der``s'; --_e"mail``s'_diesel_envelope_first`;
ALTER TABLE `or"der``s'; --`
    DROP COLUMN `e"mail``s index`;
