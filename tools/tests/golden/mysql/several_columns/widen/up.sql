-- widen: users (email, phone, age, note): room for ciphertext in columns that hold plaintext.
-- To be run before any program writes ciphertext to them.
-- Repeat a DEFAULT or COMMENT of the columns here: MODIFY forgets it.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    MODIFY COLUMN `note` VARCHAR(384) COLLATE `utf8mb4_general_ci` NULL;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
