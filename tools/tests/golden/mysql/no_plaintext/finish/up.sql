-- finish: users (email): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- Indexes over a plaintext column lose it, and a UNIQUE one becomes narrower: drop them before.
-- The database keeps its bytes in the pages until the table is rewritten: at a quiet hour, run ALTER TABLE with FORCE.
SET @diesel_envelope_sql_mode = @@SESSION.sql_mode;
SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES');
SET SESSION sql_mode = @diesel_envelope_sql_mode;
