-- If a value is too long for the old type, this migration fails.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    MODIFY COLUMN `note` varchar(50) COLLATE `utf8mb4_general_ci` NULL;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
