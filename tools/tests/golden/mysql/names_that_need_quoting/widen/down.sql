-- If a value is too long for the old type, this migration fails.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `or"der``s'; --`
    MODIFY COLUMN `n"ote``'` varchar(9) COLLATE `C` NULL;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
