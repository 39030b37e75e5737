-- finish: users (email): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- First drop the indexes that contain a plaintext column: MySQL would remove the column from them, and UNIQUE would cover fewer columns.
-- The database keeps the bytes of a dropped column in its pages until the table is rewritten.
-- When traffic is low, run ALTER TABLE with FORCE.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
SET SESSION sql_mode = @diesel_envelope_sql_mode;
