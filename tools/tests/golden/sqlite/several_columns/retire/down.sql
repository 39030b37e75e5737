-- Adds the first columns again, without values.
ALTER TABLE "users"
    ADD COLUMN "email_index" BLOB CHECK ("email_index" IS NULL OR typeof("email_index") = 'blob' AND length("email_index") = 32);
CREATE UNIQUE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
ALTER TABLE "users"
    ADD COLUMN "phone_index" BLOB CHECK ("phone_index" IS NULL OR typeof("phone_index") = 'blob' AND length("phone_index") = 32);
CREATE UNIQUE INDEX "users_phone_index_diesel_envelope_idx" ON "users" ("phone_index");
ALTER TABLE "users"
    ADD COLUMN "phone_last4_index" BLOB CHECK ("phone_last4_index" IS NULL OR typeof("phone_last4_index") = 'blob' AND length("phone_last4_index") = 2);
CREATE INDEX "users_phone_last4_index_diesel_envelope_idx" ON "users" ("phone_last4_index");
ALTER TABLE "users"
    ADD COLUMN "note_index" BLOB CHECK ("note_index" IS NULL OR typeof("note_index") = 'blob' AND length("note_index") = 3);
CREATE INDEX "users_note_index_diesel_envelope_idx" ON "users" ("note_index");
CREATE TRIGGER "users_email_diesel_envelope_first" AFTER UPDATE OF "email_index_b" ON "users"
WHEN (NEW."email_index_b" COLLATE BINARY IS NOT OLD."email_index_b" COLLATE BINARY OR typeof(NEW."email_index_b") <> typeof(OLD."email_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "email_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."email_index" IS OLD."email_index" AND (NEW."email_index_b" COLLATE BINARY IS NOT OLD."email_index_b" COLLATE BINARY OR typeof(NEW."email_index_b") <> typeof(OLD."email_index_b"));
END;
CREATE TRIGGER "users_phone_diesel_envelope_first" AFTER UPDATE OF "phone_index_b", "phone_last4_index_b" ON "users"
WHEN (NEW."phone_index_b" COLLATE BINARY IS NOT OLD."phone_index_b" COLLATE BINARY OR typeof(NEW."phone_index_b") <> typeof(OLD."phone_index_b"))
    OR (NEW."phone_last4_index_b" COLLATE BINARY IS NOT OLD."phone_last4_index_b" COLLATE BINARY OR typeof(NEW."phone_last4_index_b") <> typeof(OLD."phone_last4_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "phone_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."phone_index" IS OLD."phone_index" AND (NEW."phone_index_b" COLLATE BINARY IS NOT OLD."phone_index_b" COLLATE BINARY OR typeof(NEW."phone_index_b") <> typeof(OLD."phone_index_b"));
    UPDATE OR IGNORE "users" SET "phone_last4_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."phone_last4_index" IS OLD."phone_last4_index" AND (NEW."phone_last4_index_b" COLLATE BINARY IS NOT OLD."phone_last4_index_b" COLLATE BINARY OR typeof(NEW."phone_last4_index_b") <> typeof(OLD."phone_last4_index_b"));
END;
CREATE TRIGGER "users_note_diesel_envelope_first" AFTER UPDATE OF "note_index_b" ON "users"
WHEN (NEW."note_index_b" COLLATE BINARY IS NOT OLD."note_index_b" COLLATE BINARY OR typeof(NEW."note_index_b") <> typeof(OLD."note_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "note_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."note_index" IS OLD."note_index" AND (NEW."note_index_b" COLLATE BINARY IS NOT OLD."note_index_b" COLLATE BINARY OR typeof(NEW."note_index_b") <> typeof(OLD."note_index_b"));
END;
