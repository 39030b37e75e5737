-- promote: users (email, name, iban, phone, note): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_email_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `users` WHERE NOT ((`email` IS NULL OR `email_index_b` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_complete` CHECK (
        (`email` IS NULL OR `email_index_b` IS NOT NULL)
    ),
    ADD INDEX `users_email_index_b_diesel_envelope_idx` (`email_index_b`);
DROP TRIGGER `users_email_diesel_envelope_shadow`;
CREATE TRIGGER `users_email_diesel_envelope_first` BEFORE UPDATE ON `users` FOR EACH ROW SET
    NEW.`email_index` = IF(
        NOT (CAST(OLD.`email_index_b` AS BINARY) <=> CAST(NEW.`email_index_b` AS BINARY))
        AND CAST(OLD.`email_index` AS BINARY) <=> CAST(NEW.`email_index` AS BINARY),
        NULL, NEW.`email_index`
    );
ALTER TABLE `users`
    DROP CONSTRAINT `users_email_diesel_envelope_complete`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
