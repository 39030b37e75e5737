-- finish: or"der`s'; -- (e"mail`s', n"ote`'): drops the plaintext columns; columns that are encrypted in place accept only ciphertext from now on.
-- Run it after backfill and verify, when no program writes the plaintext.
-- If a plaintext is left, this migration fails and changes nothing.
-- If a user typed a text in the whole shape of a ciphertext, only verify, which decrypts, finds it. Run verify first.
-- First drop the indexes that contain a plaintext column.
-- If you use the shell of SQLite, run `sqlite3 -bail`: otherwise the shell continues after an error.
-- SQLite keeps the bytes of a dropped column in free pages until VACUUM, and in the file of the WAL until PRAGMA wal_checkpoint(TRUNCATE).
UPDATE "or""der`s'; --" SET "e""mail`s'" = "e""mail`s'" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.$diesel_envelope$ pla""in`' has plaintexts that are not encrypted in e""mail`s'" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "$diesel_envelope$ pla""in`'" IS NOT NULL AND "e""mail`s'" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.e""mail`s' has rows without a value" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "e""mail`s'" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.e""mail`s' has values that e""mail`s index does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "e""mail`s'" IS NOT NULL AND "e""mail`s index" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.n""ote`' has plaintexts, or Fernet tokens that are not in their canonical form" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "n""ote`'" IS NOT NULL AND NOT (typeof("n""ote`'") = 'text' AND length("n""ote`'") = length(CAST("n""ote`'" AS BLOB)) AND (
    length("n""ote`'") >= 50 AND substr("n""ote`'", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("n""ote`'") % 4 = 0 AND "n""ote`'" GLOB 'de1[.]o[Q-Za-f]*[A-Za-z0-9_-]' OR
        length("n""ote`'") % 4 = 2 AND "n""ote`'" GLOB 'de1[.]o[Q-Za-f]*[AQgw]' OR
        length("n""ote`'") % 4 = 3 AND "n""ote`'" GLOB 'de1[.]o[Q-Za-f]*[AEIMQUYcgkosw048]'
    )
    OR length("n""ote`'") >= 100 AND rtrim("n""ote`'", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("n""ote`'") % 64 = 12 AND "n""ote`'" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("n""ote`'") % 64 = 36 AND "n""ote`'" GLOB 'gAAAAA*[AQgw]==' OR
        length("n""ote`'") % 64 = 56 AND "n""ote`'" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
)) LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_backfill";
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_relax";
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_required_insert" BEFORE INSERT ON "or""der`s'; --"
WHEN NEW."e""mail`s'" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s'' may not be NULL');
END;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_required_update" BEFORE UPDATE OF "e""mail`s'" ON "or""der`s'; --"
WHEN NEW."e""mail`s'" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s'' may not be NULL');
END;
CREATE TRIGGER "or""der`s'; --_e""mail`s index_diesel_envelope_required_insert" BEFORE INSERT ON "or""der`s'; --"
WHEN NEW."e""mail`s index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s index may not be NULL');
END;
CREATE TRIGGER "or""der`s'; --_e""mail`s index_diesel_envelope_required_update" BEFORE UPDATE OF "e""mail`s index" ON "or""der`s'; --"
WHEN NEW."e""mail`s index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s index may not be NULL');
END;
DROP INDEX IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_idx";
CREATE UNIQUE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
ALTER TABLE "or""der`s'; --"
    DROP COLUMN "$diesel_envelope$ pla""in`'";
CREATE TRIGGER "or""der`s'; --_n""ote`'_diesel_envelope_shape_insert" BEFORE INSERT ON "or""der`s'; --"
WHEN NEW."n""ote`'" IS NOT NULL AND NOT (typeof(NEW."n""ote`'") = 'text' AND length(NEW."n""ote`'") = length(CAST(NEW."n""ote`'" AS BLOB)) AND (
    length(NEW."n""ote`'") >= 50 AND substr(NEW."n""ote`'", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."n""ote`'") % 4 = 0 AND NEW."n""ote`'" GLOB 'de[1-9][.][o-r]*[A-Za-z0-9_-]' OR
        length(NEW."n""ote`'") % 4 = 2 AND NEW."n""ote`'" GLOB 'de[1-9][.][o-r]*[AQgw]' OR
        length(NEW."n""ote`'") % 4 = 3 AND NEW."n""ote`'" GLOB 'de[1-9][.][o-r]*[AEIMQUYcgkosw048]'
    )
    OR length(NEW."n""ote`'") >= 100 AND rtrim(NEW."n""ote`'", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."n""ote`'") % 64 = 12 AND NEW."n""ote`'" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length(NEW."n""ote`'") % 64 = 36 AND NEW."n""ote`'" GLOB 'gAAAAA*[AQgw]==' OR
        length(NEW."n""ote`'") % 64 = 56 AND NEW."n""ote`'" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
))
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.n"ote`'' takes only ciphertext');
END;
CREATE TRIGGER "or""der`s'; --_n""ote`'_diesel_envelope_shape_update" BEFORE UPDATE OF "n""ote`'" ON "or""der`s'; --"
WHEN NEW."n""ote`'" IS NOT NULL AND NOT (typeof(NEW."n""ote`'") = 'text' AND length(NEW."n""ote`'") = length(CAST(NEW."n""ote`'" AS BLOB)) AND (
    length(NEW."n""ote`'") >= 50 AND substr(NEW."n""ote`'", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."n""ote`'") % 4 = 0 AND NEW."n""ote`'" GLOB 'de[1-9][.][o-r]*[A-Za-z0-9_-]' OR
        length(NEW."n""ote`'") % 4 = 2 AND NEW."n""ote`'" GLOB 'de[1-9][.][o-r]*[AQgw]' OR
        length(NEW."n""ote`'") % 4 = 3 AND NEW."n""ote`'" GLOB 'de[1-9][.][o-r]*[AEIMQUYcgkosw048]'
    )
    OR length(NEW."n""ote`'") >= 100 AND rtrim(NEW."n""ote`'", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."n""ote`'") % 64 = 12 AND NEW."n""ote`'" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length(NEW."n""ote`'") % 64 = 36 AND NEW."n""ote`'" GLOB 'gAAAAA*[AQgw]==' OR
        length(NEW."n""ote`'") % 64 = 56 AND NEW."n""ote`'" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
))
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.n"ote`'' takes only ciphertext');
END;
