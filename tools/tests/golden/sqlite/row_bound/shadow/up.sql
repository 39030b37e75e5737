-- shadow: users (email, name, iban, phone, note): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
ALTER TABLE "users"
    ADD COLUMN "email_index_b" BLOB CHECK ("email_index_b" IS NULL OR typeof("email_index_b") = 'blob' AND length("email_index_b") = 32);
CREATE TRIGGER "users_email_diesel_envelope_shadow" AFTER UPDATE OF "email_index" ON "users"
WHEN (NEW."email_index" COLLATE BINARY IS NOT OLD."email_index" COLLATE BINARY OR typeof(NEW."email_index") <> typeof(OLD."email_index"))
BEGIN
    UPDATE "users" SET "email_index_b" = NULL WHERE "id" IS NEW."id" AND NEW."email_index_b" IS OLD."email_index_b" AND (NEW."email_index" COLLATE BINARY IS NOT OLD."email_index" COLLATE BINARY OR typeof(NEW."email_index") <> typeof(OLD."email_index"));
END;
