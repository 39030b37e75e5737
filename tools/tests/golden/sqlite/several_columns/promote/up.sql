-- promote: users (email, phone, age, note): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
UPDATE "users" SET "email" = "email" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email has values that email_index_b does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email" IS NOT NULL AND "email_index_b" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.phone has values that phone_index_b does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "phone" IS NOT NULL AND "phone_index_b" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.phone has values that phone_last4_index_b does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "phone" IS NOT NULL AND "phone_last4_index_b" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.note has values that note_index_b does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "note" IS NOT NULL AND "note_index_b" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_shadow";
CREATE TRIGGER "users_email_diesel_envelope_first" AFTER UPDATE OF "email_index_b" ON "users"
WHEN (NEW."email_index_b" COLLATE BINARY IS NOT OLD."email_index_b" COLLATE BINARY OR typeof(NEW."email_index_b") <> typeof(OLD."email_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "email_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."email_index" IS OLD."email_index" AND (NEW."email_index_b" COLLATE BINARY IS NOT OLD."email_index_b" COLLATE BINARY OR typeof(NEW."email_index_b") <> typeof(OLD."email_index_b"));
END;
CREATE UNIQUE INDEX "users_email_index_b_diesel_envelope_idx" ON "users" ("email_index_b");
CREATE TRIGGER "users_email_index_b_diesel_envelope_required_insert" BEFORE INSERT ON "users"
WHEN NEW."email_index_b" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.email_index_b may not be NULL');
END;
CREATE TRIGGER "users_email_index_b_diesel_envelope_required_update" BEFORE UPDATE OF "email_index_b" ON "users"
WHEN NEW."email_index_b" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.email_index_b may not be NULL');
END;
DROP TRIGGER IF EXISTS "users_email_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_email_index_diesel_envelope_required_update";
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_shadow";
CREATE TRIGGER "users_phone_diesel_envelope_first" AFTER UPDATE OF "phone_index_b", "phone_last4_index_b" ON "users"
WHEN (NEW."phone_index_b" COLLATE BINARY IS NOT OLD."phone_index_b" COLLATE BINARY OR typeof(NEW."phone_index_b") <> typeof(OLD."phone_index_b"))
    OR (NEW."phone_last4_index_b" COLLATE BINARY IS NOT OLD."phone_last4_index_b" COLLATE BINARY OR typeof(NEW."phone_last4_index_b") <> typeof(OLD."phone_last4_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "phone_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."phone_index" IS OLD."phone_index" AND (NEW."phone_index_b" COLLATE BINARY IS NOT OLD."phone_index_b" COLLATE BINARY OR typeof(NEW."phone_index_b") <> typeof(OLD."phone_index_b"));
    UPDATE OR IGNORE "users" SET "phone_last4_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."phone_last4_index" IS OLD."phone_last4_index" AND (NEW."phone_last4_index_b" COLLATE BINARY IS NOT OLD."phone_last4_index_b" COLLATE BINARY OR typeof(NEW."phone_last4_index_b") <> typeof(OLD."phone_last4_index_b"));
END;
CREATE UNIQUE INDEX "users_phone_index_b_diesel_envelope_idx" ON "users" ("phone_index_b");
DROP TRIGGER IF EXISTS "users_phone_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_phone_index_diesel_envelope_required_update";
CREATE INDEX "users_phone_last4_index_b_diesel_envelope_idx" ON "users" ("phone_last4_index_b");
DROP TRIGGER IF EXISTS "users_phone_last4_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_phone_last4_index_diesel_envelope_required_update";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_shadow";
CREATE TRIGGER "users_note_diesel_envelope_first" AFTER UPDATE OF "note_index_b" ON "users"
WHEN (NEW."note_index_b" COLLATE BINARY IS NOT OLD."note_index_b" COLLATE BINARY OR typeof(NEW."note_index_b") <> typeof(OLD."note_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "note_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id" AND NEW."note_index" IS OLD."note_index" AND (NEW."note_index_b" COLLATE BINARY IS NOT OLD."note_index_b" COLLATE BINARY OR typeof(NEW."note_index_b") <> typeof(OLD."note_index_b"));
END;
CREATE INDEX "users_note_index_b_diesel_envelope_idx" ON "users" ("note_index_b");
DROP TRIGGER IF EXISTS "users_note_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_note_index_diesel_envelope_required_update";
