-- finish: app.users (email): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- Indexes over a plaintext column lose it, and a UNIQUE one becomes narrower: drop them before.
-- The database keeps its bytes in the pages until the table is rewritten: at a quiet hour, run ALTER TABLE with FORCE.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
DROP TEMPORARY TABLE IF EXISTS diesel_envelope_check;
CREATE TEMPORARY TABLE diesel_envelope_check (passed INT, CONSTRAINT `users_email_diesel_envelope_complete` CHECK (passed = 1));
INSERT INTO diesel_envelope_check SELECT 0 FROM `app`.`users` WHERE NOT ((`email_plain` IS NULL OR `email` IS NOT NULL) AND (`email` IS NULL OR `email_index` IS NOT NULL)) LIMIT 1;
DROP TEMPORARY TABLE diesel_envelope_check;
ALTER TABLE `app`.`users`
    ADD CONSTRAINT `users_email_diesel_envelope_complete` CHECK (
        (`email_plain` IS NULL OR `email` IS NOT NULL) AND (`email` IS NULL OR `email_index` IS NOT NULL)
    );
DROP TRIGGER `app`.`users_email_diesel_envelope_backfill`;
DROP TRIGGER IF EXISTS `app`.`users_email_diesel_envelope_relax`;
ALTER TABLE `app`.`users`
    DROP CONSTRAINT `users_email_diesel_envelope_complete`,
    DROP COLUMN `email_plain`;
SET SESSION sql_mode = @diesel_envelope_sql_mode;
