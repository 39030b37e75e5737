-- create: or"der`s'; -- (e"mail`s'): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
-- If the table has rows, this migration fails: a NOT NULL column can be added only to an empty table.
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "e""mail`s'" BLOB NOT NULL CHECK (typeof("e""mail`s'") = 'blob' AND (
    length("e""mail`s'") >= 34 AND substr("e""mail`s'", 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST("e""mail`s'" AS TEXT)) = length("e""mail`s'") AND length("e""mail`s'") >= 100 AND rtrim(CAST("e""mail`s'" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("e""mail`s'") % 64 = 12 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("e""mail`s'") % 64 = 36 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
        length("e""mail`s'") % 64 = 56 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
)) CHECK (substr("e""mail`s'", 1, 1) = x'a1' AND substr("e""mail`s'", 2, 1) IN (x'01', x'03'));
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "e""mail`s index" BLOB NOT NULL CHECK (typeof("e""mail`s index") = 'blob' AND length("e""mail`s index") = 32);
CREATE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
