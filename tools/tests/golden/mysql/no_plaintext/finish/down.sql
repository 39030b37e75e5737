-- Adds the plaintext columns again, without values: a migration cannot decrypt.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
SET SESSION sql_mode = @diesel_envelope_sql_mode;
