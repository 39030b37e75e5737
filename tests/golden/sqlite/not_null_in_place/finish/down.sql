-- The plaintext columns come back empty: no migration can decrypt.
DROP TRIGGER IF EXISTS "users_note_index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "users_note_index_diesel_envelope_required_update";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_shape_insert";
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_shape_update";
CREATE TRIGGER "users_note_diesel_envelope_backfill" AFTER UPDATE OF "note" ON "users"
WHEN (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"))
    AND (typeof(NEW."note") = 'text' AND length(NEW."note") = length(CAST(NEW."note" AS BLOB)) AND (
        length(NEW."note") >= 50 AND NEW."note" GLOB 'de[1-9].[o-r]*' AND substr(NEW."note", 5) NOT GLOB '*[^A-Za-z0-9_-]*'
        OR length(NEW."note") >= 100 AND length(NEW."note") % 4 = 0 AND NEW."note" GLOB 'gAAAAA*'
            AND rtrim(NEW."note", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND length(rtrim(NEW."note", '=')) >= length(NEW."note") - 2
    )) IS NOT 1
BEGIN
    UPDATE "users" SET "note_index" = NULL WHERE "id" IS NEW."id";
END;
