-- Restores the state after the step shadow.
DROP INDEX IF EXISTS "users_note_index_b_diesel_envelope_idx";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_first";
CREATE TRIGGER "users_note_diesel_envelope_shadow" AFTER UPDATE OF "note" ON "users"
WHEN (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"))
BEGIN
    UPDATE "users" SET "note_index_b" = NULL WHERE "id" IS NEW."id" AND NEW."note_index_b" IS OLD."note_index_b" AND (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"));
END;
