-- promote: users (note): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
UPDATE "users" SET "note" = "note" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.note has values that note_index_b does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "note" IS NOT NULL AND "note_index_b" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_shadow";
CREATE TRIGGER "users_note_diesel_envelope_first" AFTER UPDATE OF "note_index_b" ON "users"
WHEN (NEW."note_index_b" COLLATE BINARY IS NOT OLD."note_index_b" COLLATE BINARY OR typeof(NEW."note_index_b") <> typeof(OLD."note_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "note_index" = NULL WHERE "id" IS NEW."id" AND NEW."note_index" IS OLD."note_index" AND (NEW."note_index_b" COLLATE BINARY IS NOT OLD."note_index_b" COLLATE BINARY OR typeof(NEW."note_index_b") <> typeof(OLD."note_index_b"));
END;
CREATE INDEX "users_note_index_b_diesel_envelope_idx" ON "users" ("note_index_b");
DROP TRIGGER IF EXISTS "users_note_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_note_index_diesel_envelope_required_update";
