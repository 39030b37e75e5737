-- Drops the table and its rows.
DROP TABLE `or"der``s'; --`;
