-- shadow: users (email, phone, age, note): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
ALTER TABLE "users"
    ADD COLUMN "email_index_b" BLOB CHECK ("email_index_b" IS NULL OR typeof("email_index_b") = 'blob' AND length("email_index_b") = 32);
ALTER TABLE "users"
    ADD COLUMN "phone_index_b" BLOB CHECK ("phone_index_b" IS NULL OR typeof("phone_index_b") = 'blob' AND length("phone_index_b") = 32);
ALTER TABLE "users"
    ADD COLUMN "phone_last4_index_b" BLOB CHECK ("phone_last4_index_b" IS NULL OR typeof("phone_last4_index_b") = 'blob' AND length("phone_last4_index_b") = 2);
ALTER TABLE "users"
    ADD COLUMN "note_index_b" BLOB CHECK ("note_index_b" IS NULL OR typeof("note_index_b") = 'blob' AND length("note_index_b") = 3);
CREATE TRIGGER "users_email_diesel_envelope_shadow" AFTER UPDATE OF "email_index" ON "users"
WHEN (NEW."email_index" COLLATE BINARY IS NOT OLD."email_index" COLLATE BINARY OR typeof(NEW."email_index") <> typeof(OLD."email_index"))
BEGIN
    UPDATE "users" SET "email_index_b" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."email_index_b" IS OLD."email_index_b" AND (NEW."email_index" COLLATE BINARY IS NOT OLD."email_index" COLLATE BINARY OR typeof(NEW."email_index") <> typeof(OLD."email_index"));
END;
CREATE TRIGGER "users_phone_diesel_envelope_shadow" AFTER UPDATE OF "phone_index", "phone" ON "users"
WHEN (NEW."phone_index" COLLATE BINARY IS NOT OLD."phone_index" COLLATE BINARY OR typeof(NEW."phone_index") <> typeof(OLD."phone_index"))
    OR (NEW."phone" COLLATE BINARY IS NOT OLD."phone" COLLATE BINARY OR typeof(NEW."phone") <> typeof(OLD."phone"))
BEGIN
    UPDATE "users" SET "phone_index_b" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."phone_index_b" IS OLD."phone_index_b" AND (NEW."phone_index" COLLATE BINARY IS NOT OLD."phone_index" COLLATE BINARY OR typeof(NEW."phone_index") <> typeof(OLD."phone_index"));
    UPDATE "users" SET "phone_last4_index_b" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."phone_last4_index_b" IS OLD."phone_last4_index_b" AND (NEW."phone" COLLATE BINARY IS NOT OLD."phone" COLLATE BINARY OR typeof(NEW."phone") <> typeof(OLD."phone"));
END;
CREATE TRIGGER "users_note_diesel_envelope_shadow" AFTER UPDATE OF "note" ON "users"
WHEN (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"))
BEGIN
    UPDATE "users" SET "note_index_b" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."note_index_b" IS OLD."note_index_b" AND (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"));
END;
