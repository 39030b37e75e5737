-- create: app.users (email): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE "app"."users" (
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
    "email_index" BLOB CHECK ("email_index" IS NULL OR typeof("email_index") = 'blob' AND length("email_index") = 32)
);
CREATE UNIQUE INDEX "app"."users_email_index_diesel_envelope_idx" ON "users" ("email_index");
