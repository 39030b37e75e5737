-- Drops the second columns.
DROP TRIGGER `app`.`users_email_diesel_envelope_shadow`;
ALTER TABLE `app`.`users`
    DROP COLUMN `email_index_b`;
