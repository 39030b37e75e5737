-- Drops the encrypted columns and their values.
ALTER TABLE "users"
    DROP COLUMN "name";
DROP INDEX IF EXISTS "users_name_index_diesel_envelope_idx";
ALTER TABLE "users"
    DROP COLUMN "name_index";
DROP TRIGGER IF EXISTS "users_name_tokens_diesel_envelope_insert";
DROP TRIGGER IF EXISTS "users_name_tokens_diesel_envelope_update";
DROP TRIGGER IF EXISTS "users_name_tokens_diesel_envelope_delete";
DROP TABLE "users_name_tokens";
ALTER TABLE "users"
    DROP COLUMN "name_tokens";
