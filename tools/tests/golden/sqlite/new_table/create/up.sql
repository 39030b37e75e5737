-- create: users (email, iban): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE "users" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Add the other columns here.
    "email" BLOB CHECK ("email" IS NULL OR typeof("email") = 'blob' AND (
        length("email") >= 34 AND substr("email", 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST("email" AS TEXT)) = length("email") AND length("email") >= 100 AND rtrim(CAST("email" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length("email") % 64 = 12 AND CAST("email" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length("email") % 64 = 36 AND CAST("email" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length("email") % 64 = 56 AND CAST("email" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )),
    "email_index" BLOB CHECK ("email_index" IS NULL OR typeof("email_index") = 'blob' AND length("email_index") = 32),
    "iban" BLOB CHECK ("iban" IS NULL OR typeof("iban") = 'blob' AND (
        length("iban") >= 34 AND substr("iban", 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST("iban" AS TEXT)) = length("iban") AND length("iban") >= 100 AND rtrim(CAST("iban" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length("iban") % 64 = 12 AND CAST("iban" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length("iban") % 64 = 36 AND CAST("iban" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length("iban") % 64 = 56 AND CAST("iban" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )) CHECK (substr("iban", 1, 1) = x'a1' AND substr("iban", 2, 1) IN (x'01', x'03')),
    "iban_index" BLOB CHECK ("iban_index" IS NULL OR typeof("iban_index") = 'blob' AND length("iban_index") = 32),
    "iban_last4_index" BLOB CHECK ("iban_last4_index" IS NULL OR typeof("iban_last4_index") = 'blob' AND length("iban_last4_index") = 2)
);
CREATE UNIQUE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
CREATE INDEX "users_iban_index_diesel_envelope_idx" ON "users" ("iban_index");
CREATE INDEX "users_iban_last4_index_diesel_envelope_idx" ON "users" ("iban_last4_index");
