-- create: users (iban, email, name): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
CREATE TABLE "users" (
    "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    -- Add the other columns here.
    "iban" BLOB NOT NULL CHECK (typeof("iban") = 'blob' AND (
        length("iban") >= 34 AND substr("iban", 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST("iban" AS TEXT)) = length("iban") AND length("iban") >= 100 AND rtrim(CAST("iban" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length("iban") % 64 = 12 AND CAST("iban" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length("iban") % 64 = 36 AND CAST("iban" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length("iban") % 64 = 56 AND CAST("iban" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )) CHECK (substr("iban", 1, 1) = x'a1' AND substr("iban", 2, 1) IN (x'05', x'07')),
    "email" TEXT COLLATE BINARY CHECK ("email" IS NULL OR typeof("email") = 'text' AND length("email") = length(CAST("email" AS BLOB)) AND (
        length("email") >= 50 AND substr("email", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length("email") % 4 = 0 AND "email" GLOB 'de[1-9][.][o-r]*[A-Za-z0-9_-]' OR
            length("email") % 4 = 2 AND "email" GLOB 'de[1-9][.][o-r]*[AQgw]' OR
            length("email") % 4 = 3 AND "email" GLOB 'de[1-9][.][o-r]*[AEIMQUYcgkosw048]'
        )
        OR length("email") >= 100 AND rtrim("email", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length("email") % 64 = 12 AND "email" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length("email") % 64 = 36 AND "email" GLOB 'gAAAAA*[AQgw]==' OR
            length("email") % 64 = 56 AND "email" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    )) CHECK ("email" GLOB 'de1.oQ[U-Xc-f]*'),
    "name" BLOB CHECK ("name" IS NULL OR typeof("name") = 'blob' AND (
        length("name") >= 34 AND substr("name", 1, 1) BETWEEN x'a0' AND x'af'
        OR length(CAST("name" AS TEXT)) = length("name") AND length("name") >= 100 AND rtrim(CAST("name" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
            length("name") % 64 = 12 AND CAST("name" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
            length("name") % 64 = 36 AND CAST("name" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
            length("name") % 64 = 56 AND CAST("name" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
        )
    ))
);
CREATE TRIGGER "users_iban_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."iban" IS NOT NULL AND NOT (NEW."iban" COLLATE BINARY IS NOT OLD."iban" COLLATE BINARY OR typeof(NEW."iban") <> typeof(OLD."iban"))
    AND ((NEW."tenant" COLLATE BINARY IS NOT OLD."tenant" COLLATE BINARY OR typeof(NEW."tenant") <> typeof(OLD."tenant")) OR (NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.iban is bound to its row: an UPDATE of tenant, id must write iban too');
END;
CREATE TRIGGER "users_email_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."email" IS NOT NULL AND NOT (NEW."email" COLLATE BINARY IS NOT OLD."email" COLLATE BINARY OR typeof(NEW."email") <> typeof(OLD."email"))
    AND ((NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.email is bound to its row: an UPDATE of id must write email too');
END;
CREATE TRIGGER "users_name_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."name" IS NOT NULL AND NOT (NEW."name" COLLATE BINARY IS NOT OLD."name" COLLATE BINARY OR typeof(NEW."name") <> typeof(OLD."name"))
    AND ((NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.name is bound to its row: an UPDATE of id must write name too');
END;
