-- If a row has no plaintext, this migration fails.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `or"der``s'; --`
    MODIFY COLUMN `$diesel_envelope$ pla"in``'` varchar(50) COLLATE `coll"ation``'` NOT NULL;
DROP TRIGGER IF EXISTS `or"der``s'; --_e"mail``s'_diesel_envelope_relax`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
