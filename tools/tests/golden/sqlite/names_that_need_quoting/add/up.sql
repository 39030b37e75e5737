-- add: or"der`s'; -- (e"mail`s', n"ote`'): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "e""mail`s'" BLOB CHECK ("e""mail`s'" IS NULL OR typeof("e""mail`s'") = 'blob' AND (
    length("e""mail`s'") >= 34 AND substr("e""mail`s'", 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST("e""mail`s'" AS TEXT)) = length("e""mail`s'") AND length("e""mail`s'") >= 100 AND rtrim(CAST("e""mail`s'" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("e""mail`s'") % 64 = 12 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("e""mail`s'") % 64 = 36 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
        length("e""mail`s'") % 64 = 56 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
));
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "e""mail`s index" BLOB CHECK ("e""mail`s index" IS NULL OR typeof("e""mail`s index") = 'blob' AND length("e""mail`s index") = 32);
CREATE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_backfill" AFTER UPDATE OF "$diesel_envelope$ pla""in`'" ON "or""der`s'; --"
WHEN (NEW."$diesel_envelope$ pla""in`'" COLLATE BINARY IS NOT OLD."$diesel_envelope$ pla""in`'" COLLATE BINARY OR typeof(NEW."$diesel_envelope$ pla""in`'") <> typeof(OLD."$diesel_envelope$ pla""in`'"))
    AND NEW."e""mail`s'" IS OLD."e""mail`s'"
BEGIN
    UPDATE "or""der`s'; --" SET "e""mail`s'" = NULL, "e""mail`s index" = NULL WHERE "i""d`'" IS NEW."i""d`'";
END;
