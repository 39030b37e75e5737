-- Adds the plaintext columns again, without values: a migration cannot decrypt.
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_required_update";
DROP TRIGGER IF EXISTS "users_name_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_name_index_diesel_envelope_required_update";
DROP TRIGGER IF EXISTS "users_name_tokens_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_name_tokens_diesel_envelope_required_update";
ALTER TABLE "users"
    ADD COLUMN "name_plain" varchar(50);
CREATE TRIGGER "users_name_diesel_envelope_backfill" AFTER UPDATE OF "name_plain" ON "users"
WHEN (NEW."name_plain" COLLATE BINARY IS NOT OLD."name_plain" COLLATE BINARY OR typeof(NEW."name_plain") <> typeof(OLD."name_plain"))
    AND NEW."name" IS OLD."name"
BEGIN
    UPDATE "users" SET "name" = NULL, "name_index" = NULL, "name_tokens" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id";
END;
