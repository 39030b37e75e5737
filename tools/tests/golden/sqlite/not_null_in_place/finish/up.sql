-- finish: users (note): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- If a user typed a text in the whole shape of a ciphertext, only verify, which decrypts, finds it. Run verify first.
-- First drop the indexes that contain a plaintext column.
-- If you use the shell of SQLite, run `sqlite3 -bail`: otherwise the shell continues after an error.
-- SQLite keeps the bytes of a dropped column in free pages until VACUUM, and in the file of the WAL until PRAGMA wal_checkpoint(TRUNCATE).
UPDATE "users" SET "note" = "note" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.note has plaintexts, or Fernet tokens that are not in their canonical form" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "note" IS NOT NULL AND NOT (typeof("note") = 'text' AND length("note") = length(CAST("note" AS BLOB)) AND (
    length("note") >= 50 AND substr("note", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("note") % 4 = 0 AND "note" GLOB 'de1[.]o[Q-Za-f]*[A-Za-z0-9_-]' OR
        length("note") % 4 = 2 AND "note" GLOB 'de1[.]o[Q-Za-f]*[AQgw]' OR
        length("note") % 4 = 3 AND "note" GLOB 'de1[.]o[Q-Za-f]*[AEIMQUYcgkosw048]'
    )
    OR length("note") >= 100 AND rtrim("note", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("note") % 64 = 12 AND "note" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("note") % 64 = 36 AND "note" GLOB 'gAAAAA*[AQgw]==' OR
        length("note") % 64 = 56 AND "note" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
)) LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.note has values that note_index does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "note" IS NOT NULL AND "note_index" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_backfill";
CREATE TRIGGER "users_note_diesel_envelope_shape_insert" BEFORE INSERT ON "users"
WHEN NEW."note" IS NOT NULL AND NOT (typeof(NEW."note") = 'text' AND length(NEW."note") = length(CAST(NEW."note" AS BLOB)) AND (
    length(NEW."note") >= 50 AND substr(NEW."note", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."note") % 4 = 0 AND NEW."note" GLOB 'de[1-9][.][o-r]*[A-Za-z0-9_-]' OR
        length(NEW."note") % 4 = 2 AND NEW."note" GLOB 'de[1-9][.][o-r]*[AQgw]' OR
        length(NEW."note") % 4 = 3 AND NEW."note" GLOB 'de[1-9][.][o-r]*[AEIMQUYcgkosw048]'
    )
    OR length(NEW."note") >= 100 AND rtrim(NEW."note", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."note") % 64 = 12 AND NEW."note" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length(NEW."note") % 64 = 36 AND NEW."note" GLOB 'gAAAAA*[AQgw]==' OR
        length(NEW."note") % 64 = 56 AND NEW."note" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
))
BEGIN
    SELECT RAISE(ABORT, 'users.note takes only ciphertext');
END;
CREATE TRIGGER "users_note_diesel_envelope_shape_update" BEFORE UPDATE OF "note" ON "users"
WHEN NEW."note" IS NOT NULL AND NOT (typeof(NEW."note") = 'text' AND length(NEW."note") = length(CAST(NEW."note" AS BLOB)) AND (
    length(NEW."note") >= 50 AND substr(NEW."note", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."note") % 4 = 0 AND NEW."note" GLOB 'de[1-9][.][o-r]*[A-Za-z0-9_-]' OR
        length(NEW."note") % 4 = 2 AND NEW."note" GLOB 'de[1-9][.][o-r]*[AQgw]' OR
        length(NEW."note") % 4 = 3 AND NEW."note" GLOB 'de[1-9][.][o-r]*[AEIMQUYcgkosw048]'
    )
    OR length(NEW."note") >= 100 AND rtrim(NEW."note", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."note") % 64 = 12 AND NEW."note" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length(NEW."note") % 64 = 36 AND NEW."note" GLOB 'gAAAAA*[AQgw]==' OR
        length(NEW."note") % 64 = 56 AND NEW."note" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
))
BEGIN
    SELECT RAISE(ABORT, 'users.note takes only ciphertext');
END;
CREATE TRIGGER "users_note_index_diesel_envelope_required_insert" BEFORE INSERT ON "users"
WHEN NEW."note_index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.note_index may not be NULL');
END;
CREATE TRIGGER "users_note_index_diesel_envelope_required_update" BEFORE UPDATE OF "note_index" ON "users"
WHEN NEW."note_index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'users.note_index may not be NULL');
END;
