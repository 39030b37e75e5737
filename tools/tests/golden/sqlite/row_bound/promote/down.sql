-- Restores the state after the step shadow.
DROP INDEX IF EXISTS "users_email_index_b_diesel_envelope_idx";
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_first";
CREATE TRIGGER "users_email_diesel_envelope_shadow" AFTER UPDATE OF "email_index" ON "users"
WHEN (NEW."email_index" COLLATE BINARY IS NOT OLD."email_index" COLLATE BINARY OR typeof(NEW."email_index") <> typeof(OLD."email_index"))
BEGIN
    UPDATE "users" SET "email_index_b" = NULL WHERE "id" IS NEW."id" AND NEW."email_index_b" IS OLD."email_index_b" AND (NEW."email_index" COLLATE BINARY IS NOT OLD."email_index" COLLATE BINARY OR typeof(NEW."email_index") <> typeof(OLD."email_index"));
END;
