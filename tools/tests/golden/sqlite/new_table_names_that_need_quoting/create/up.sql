-- create: or"der`s'; -- (e"mail`s'): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE "or""der`s'; --" (
    "i""d`'" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Add the other columns here.
    "e""mail`s'" BLOB NOT NULL CHECK (typeof("e""mail`s'") = 'blob' AND (
        length("e""mail`s'") >= 34 AND substr("e""mail`s'", 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST("e""mail`s'" AS TEXT)) = length("e""mail`s'") AND length("e""mail`s'") >= 100 AND rtrim(CAST("e""mail`s'" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length("e""mail`s'") % 64 = 12 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length("e""mail`s'") % 64 = 36 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length("e""mail`s'") % 64 = 56 AND CAST("e""mail`s'" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )) CHECK (substr("e""mail`s'", 1, 1) = x'a1' AND substr("e""mail`s'", 2, 1) IN (x'01', x'03')),
    "e""mail`s index" BLOB NOT NULL CHECK (typeof("e""mail`s index") = 'blob' AND length("e""mail`s index") = 32)
);
CREATE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
