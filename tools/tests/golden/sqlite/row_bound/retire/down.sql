-- Adds the first columns again, without values.
ALTER TABLE "users"
    ADD COLUMN "email_index" BLOB CHECK ("email_index" IS NULL OR typeof("email_index") = 'blob' AND length("email_index") = 32);
CREATE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
CREATE TRIGGER "users_email_diesel_envelope_first" AFTER UPDATE OF "email_index_b" ON "users"
WHEN (NEW."email_index_b" COLLATE BINARY IS NOT OLD."email_index_b" COLLATE BINARY OR typeof(NEW."email_index_b") <> typeof(OLD."email_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "email_index" = NULL WHERE "id" IS NEW."id" AND NEW."email_index" IS OLD."email_index" AND (NEW."email_index_b" COLLATE BINARY IS NOT OLD."email_index_b" COLLATE BINARY OR typeof(NEW."email_index_b") <> typeof(OLD."email_index_b"));
END;
