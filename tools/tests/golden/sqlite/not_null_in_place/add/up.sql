-- add: users (note): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE "users"
    ADD COLUMN "note_index" BLOB CHECK ("note_index" IS NULL OR typeof("note_index") = 'blob' AND length("note_index") = 3);
CREATE INDEX "users_note_index_diesel_envelope_idx" ON "users" ("note_index");
CREATE TRIGGER "users_note_diesel_envelope_backfill" AFTER UPDATE OF "note" ON "users"
WHEN (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"))
    AND (typeof(NEW."note") = 'text' AND length(NEW."note") = length(CAST(NEW."note" AS BLOB)) AND (
    length(NEW."note") >= 50 AND substr(NEW."note", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."note") % 4 = 0 AND NEW."note" GLOB 'de1[.]o[Q-Za-f]*[A-Za-z0-9_-]' OR
        length(NEW."note") % 4 = 2 AND NEW."note" GLOB 'de1[.]o[Q-Za-f]*[AQgw]' OR
        length(NEW."note") % 4 = 3 AND NEW."note" GLOB 'de1[.]o[Q-Za-f]*[AEIMQUYcgkosw048]'
    )
    OR length(NEW."note") >= 100 AND rtrim(NEW."note", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."note") % 64 = 12 AND NEW."note" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length(NEW."note") % 64 = 36 AND NEW."note" GLOB 'gAAAAA*[AQgw]==' OR
        length(NEW."note") % 64 = 56 AND NEW."note" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
)) IS NOT 1
BEGIN
    UPDATE "users" SET "note_index" = NULL WHERE "id" IS NEW."id";
END;
