-- Restores the state after the step shadow.
DROP INDEX IF EXISTS "users_email_index_b_diesel_envelope_idx";
DROP TRIGGER IF EXISTS "users_email_index_b_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_email_index_b_diesel_envelope_required_update";
CREATE TRIGGER "users_email_index_diesel_envelope_required_insert" BEFORE INSERT ON "users"
WHEN NEW."email_index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.email_index may not be NULL');
END;
CREATE TRIGGER "users_email_index_diesel_envelope_required_update" BEFORE UPDATE OF "email_index" ON "users"
WHEN NEW."email_index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.email_index may not be NULL');
END;
DROP INDEX IF EXISTS "users_phone_index_b_diesel_envelope_idx";
DROP INDEX IF EXISTS "users_phone_last4_index_b_diesel_envelope_idx";
DROP INDEX IF EXISTS "users_note_index_b_diesel_envelope_idx";
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_first";
CREATE TRIGGER "users_email_diesel_envelope_shadow" AFTER UPDATE OF "email_index" ON "users"
WHEN (NEW."email_index" COLLATE BINARY IS NOT OLD."email_index" COLLATE BINARY OR typeof(NEW."email_index") <> typeof(OLD."email_index"))
BEGIN
    UPDATE "users" SET "email_index_b" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."email_index_b" IS OLD."email_index_b" AND (NEW."email_index" COLLATE BINARY IS NOT OLD."email_index" COLLATE BINARY OR typeof(NEW."email_index") <> typeof(OLD."email_index"));
END;
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_first";
CREATE TRIGGER "users_phone_diesel_envelope_shadow" AFTER UPDATE OF "phone_index", "phone" ON "users"
WHEN (NEW."phone_index" COLLATE BINARY IS NOT OLD."phone_index" COLLATE BINARY OR typeof(NEW."phone_index") <> typeof(OLD."phone_index"))
    OR (NEW."phone" COLLATE BINARY IS NOT OLD."phone" COLLATE BINARY OR typeof(NEW."phone") <> typeof(OLD."phone"))
BEGIN
    UPDATE "users" SET "phone_index_b" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."phone_index_b" IS OLD."phone_index_b" AND (NEW."phone_index" COLLATE BINARY IS NOT OLD."phone_index" COLLATE BINARY OR typeof(NEW."phone_index") <> typeof(OLD."phone_index"));
    UPDATE "users" SET "phone_last4_index_b" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."phone_last4_index_b" IS OLD."phone_last4_index_b" AND (NEW."phone" COLLATE BINARY IS NOT OLD."phone" COLLATE BINARY OR typeof(NEW."phone") <> typeof(OLD."phone"));
END;
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_first";
CREATE TRIGGER "users_note_diesel_envelope_shadow" AFTER UPDATE OF "note" ON "users"
WHEN (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"))
BEGIN
    UPDATE "users" SET "note_index_b" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."note_index_b" IS OLD."note_index_b" AND (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"));
END;
