-- create: users (email, iban): creates columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program uses these columns.
ALTER TABLE "users"
    ADD COLUMN "email" TEXT COLLATE BINARY CHECK ("email" IS NULL OR typeof("email") = 'text' AND length("email") = length(CAST("email" AS BLOB)) AND (
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
));
ALTER TABLE "users"
    ADD COLUMN "email_index" BLOB CHECK ("email_index" IS NULL OR typeof("email_index") = 'blob' AND length("email_index") = 32);
ALTER TABLE "users"
    ADD COLUMN "iban" TEXT COLLATE BINARY CHECK ("iban" IS NULL OR typeof("iban") = 'text' AND length("iban") = length(CAST("iban" AS BLOB)) AND (
    length("iban") >= 50 AND substr("iban", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("iban") % 4 = 0 AND "iban" GLOB 'de[1-9][.][o-r]*[A-Za-z0-9_-]' OR
        length("iban") % 4 = 2 AND "iban" GLOB 'de[1-9][.][o-r]*[AQgw]' OR
        length("iban") % 4 = 3 AND "iban" GLOB 'de[1-9][.][o-r]*[AEIMQUYcgkosw048]'
    )
    OR length("iban") >= 100 AND rtrim("iban", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("iban") % 64 = 12 AND "iban" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("iban") % 64 = 36 AND "iban" GLOB 'gAAAAA*[AQgw]==' OR
        length("iban") % 64 = 56 AND "iban" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
)) CHECK ("iban" GLOB 'de1.oQ[E-HM-P]*');
ALTER TABLE "users"
    ADD COLUMN "iban_index" BLOB CHECK ("iban_index" IS NULL OR typeof("iban_index") = 'blob' AND length("iban_index") = 32);
ALTER TABLE "users"
    ADD COLUMN "iban_last4_index" BLOB CHECK ("iban_last4_index" IS NULL OR typeof("iban_last4_index") = 'blob' AND length("iban_last4_index") = 2);
CREATE UNIQUE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
CREATE INDEX "users_iban_index_diesel_envelope_idx" ON "users" ("iban_index");
CREATE INDEX "users_iban_last4_index_diesel_envelope_idx" ON "users" ("iban_last4_index");
