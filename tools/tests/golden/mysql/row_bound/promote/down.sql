-- Restores the state after the step shadow.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
ALTER TABLE `users`
    DROP INDEX `users_email_index_b_diesel_envelope_idx`;
DROP TRIGGER `users_email_diesel_envelope_first`;
CREATE TRIGGER `users_email_diesel_envelope_shadow` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`email_index_b` = IF(
        NOT (CAST(OLD.`email_index` AS BINARY) <=> CAST(NEW.`email_index` AS BINARY))
        AND CAST(OLD.`email_index_b` AS BINARY) <=> CAST(NEW.`email_index_b` AS BINARY),
        NULL, NEW.`email_index_b`
    );
SET SESSION sql_mode = @diesel_envelope_sql_mode;
