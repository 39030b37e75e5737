-- promote: users (email, name, iban, phone, note): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
UPDATE "users" SET "email" = "email" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email has values that email_index_b does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email" IS NOT NULL AND "email_index_b" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_shadow";
CREATE TRIGGER "users_email_diesel_envelope_first" AFTER UPDATE OF "email_index_b" ON "users"
WHEN (NEW."email_index_b" COLLATE BINARY IS NOT OLD."email_index_b" COLLATE BINARY OR typeof(NEW."email_index_b") <> typeof(OLD."email_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "email_index" = NULL WHERE "id" IS NEW."id" AND NEW."email_index" IS OLD."email_index" AND (NEW."email_index_b" COLLATE BINARY IS NOT OLD."email_index_b" COLLATE BINARY OR typeof(NEW."email_index_b") <> typeof(OLD."email_index_b"));
END;
CREATE INDEX "users_email_index_b_diesel_envelope_idx" ON "users" ("email_index_b");
DROP TRIGGER IF EXISTS "users_email_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_email_index_diesel_envelope_required_update";
