-- Adds the first columns again, without values.
ALTER TABLE "users"
    ADD COLUMN "note_index" BLOB CHECK ("note_index" IS NULL OR typeof("note_index") = 'blob' AND length("note_index") = 3);
CREATE INDEX "users_note_index_diesel_envelope_idx" ON "users" ("note_index");
CREATE TRIGGER "users_note_diesel_envelope_first" AFTER UPDATE OF "note_index_b" ON "users"
WHEN (NEW."note_index_b" COLLATE BINARY IS NOT OLD."note_index_b" COLLATE BINARY OR typeof(NEW."note_index_b") <> typeof(OLD."note_index_b"))
BEGIN
    UPDATE OR IGNORE "users" SET "note_index" = NULL WHERE "id" IS NEW."id" AND NEW."note_index" IS OLD."note_index" AND (NEW."note_index_b" COLLATE BINARY IS NOT OLD."note_index_b" COLLATE BINARY OR typeof(NEW."note_index_b") <> typeof(OLD."note_index_b"));
END;
