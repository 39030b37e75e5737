-- Restores the state after the step add.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_relax";
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_backfill";
CREATE TRIGGER "users_email_diesel_envelope_backfill" AFTER UPDATE OF "email_plain" ON "users"
WHEN (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
    AND NEW."email" IS OLD."email"
BEGIN
    UPDATE "users" SET "email" = NULL, "email_index" = NULL WHERE "id" IS NEW."id";
END;
