-- widen: users (note): makes room for ciphertext in columns with plaintext.
-- Run it before any program writes ciphertext to these columns.
-- If a column has a DEFAULT or a COMMENT, repeat it here: MODIFY removes it.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    MODIFY COLUMN `note` VARCHAR(384) COLLATE `utf8mb4_general_ci` NOT NULL;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
