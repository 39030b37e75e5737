-- Adds the plaintext columns again, without values: a migration cannot decrypt.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_required_update";
DROP TRIGGER IF EXISTS "users_email_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_email_index_diesel_envelope_required_update";
ALTER TABLE "users"
    ADD COLUMN "email_plain" TEXT;
CREATE TRIGGER "users_email_diesel_envelope_backfill" AFTER UPDATE OF "email_plain" ON "users"
WHEN (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
    AND NEW."email" IS OLD."email"
BEGIN
    UPDATE "users" SET "email" = NULL, "email_index" = NULL WHERE "id" IS NEW."id";
END;
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_shape_insert";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_shape_update";
