-- shadow: users (note): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
ALTER TABLE "users"
    ADD COLUMN "note_index_b" BLOB CHECK ("note_index_b" IS NULL OR typeof("note_index_b") = 'blob' AND length("note_index_b") = 3);
CREATE TRIGGER "users_note_diesel_envelope_shadow" AFTER UPDATE OF "note" ON "users"
WHEN (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"))
BEGIN
    UPDATE "users" SET "note_index_b" = NULL WHERE "id" IS NEW."id" AND NEW."note_index_b" IS OLD."note_index_b" AND (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"));
END;
