-- add: users (email, name, iban, phone, note): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
ALTER TABLE "users"
    ADD COLUMN "email" BLOB CHECK ("email" IS NULL OR typeof("email") = 'blob' AND (
    length("email") >= 34 AND substr("email", 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST("email" AS TEXT)) = length("email") AND length("email") >= 100 AND rtrim(CAST("email" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("email") % 64 = 12 AND CAST("email" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("email") % 64 = 36 AND CAST("email" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
        length("email") % 64 = 56 AND CAST("email" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
));
ALTER TABLE "users"
    ADD COLUMN "email_index" BLOB CHECK ("email_index" IS NULL OR typeof("email_index") = 'blob' AND length("email_index") = 32);
CREATE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
ALTER TABLE "users"
    ADD COLUMN "name" BLOB CHECK ("name" IS NULL OR typeof("name") = 'blob' AND (
    length("name") >= 34 AND substr("name", 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST("name" AS TEXT)) = length("name") AND length("name") >= 100 AND rtrim(CAST("name" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("name") % 64 = 12 AND CAST("name" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("name") % 64 = 36 AND CAST("name" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
        length("name") % 64 = 56 AND CAST("name" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
));
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
));
ALTER TABLE "users"
    ADD COLUMN "phone" TEXT COLLATE BINARY CHECK ("phone" IS NULL OR typeof("phone") = 'text' AND length("phone") = length(CAST("phone" AS BLOB)) AND (
    length("phone") >= 50 AND substr("phone", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("phone") % 4 = 0 AND "phone" GLOB 'de[1-9][.][o-r]*[A-Za-z0-9_-]' OR
        length("phone") % 4 = 2 AND "phone" GLOB 'de[1-9][.][o-r]*[AQgw]' OR
        length("phone") % 4 = 3 AND "phone" GLOB 'de[1-9][.][o-r]*[AEIMQUYcgkosw048]'
    )
    OR length("phone") >= 100 AND rtrim("phone", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("phone") % 64 = 12 AND "phone" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("phone") % 64 = 36 AND "phone" GLOB 'gAAAAA*[AQgw]==' OR
        length("phone") % 64 = 56 AND "phone" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
));
ALTER TABLE "users"
    ADD COLUMN "note" BLOB CHECK ("note" IS NULL OR typeof("note") = 'blob' AND (
    length("note") >= 34 AND substr("note", 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST("note" AS TEXT)) = length("note") AND length("note") >= 100 AND rtrim(CAST("note" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("note") % 64 = 12 AND CAST("note" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("note") % 64 = 36 AND CAST("note" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
        length("note") % 64 = 56 AND CAST("note" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
));
CREATE TRIGGER "users_email_diesel_envelope_backfill" AFTER UPDATE OF "email_plain" ON "users"
WHEN (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
    AND NEW."email" IS OLD."email"
BEGIN
    UPDATE "users" SET "email" = NULL, "email_index" = NULL WHERE "id" IS NEW."id";
END;
CREATE TRIGGER "users_name_diesel_envelope_backfill" AFTER UPDATE OF "name_plain" ON "users"
WHEN (NEW."name_plain" COLLATE BINARY IS NOT OLD."name_plain" COLLATE BINARY OR typeof(NEW."name_plain") <> typeof(OLD."name_plain"))
    AND NEW."name" IS OLD."name"
BEGIN
    UPDATE "users" SET "name" = NULL WHERE "id" IS NEW."id";
END;
CREATE TRIGGER "users_iban_diesel_envelope_backfill" AFTER UPDATE OF "iban_plain" ON "users"
WHEN (NEW."iban_plain" COLLATE BINARY IS NOT OLD."iban_plain" COLLATE BINARY OR typeof(NEW."iban_plain") <> typeof(OLD."iban_plain"))
    AND NEW."iban" IS OLD."iban"
BEGIN
    UPDATE "users" SET "iban" = NULL WHERE "id" IS NEW."id";
END;
CREATE TRIGGER "users_phone_diesel_envelope_backfill" AFTER UPDATE OF "phone_plain" ON "users"
WHEN (NEW."phone_plain" COLLATE BINARY IS NOT OLD."phone_plain" COLLATE BINARY OR typeof(NEW."phone_plain") <> typeof(OLD."phone_plain"))
    AND NEW."phone" IS OLD."phone"
BEGIN
    UPDATE "users" SET "phone" = NULL WHERE "id" IS NEW."id";
END;
CREATE TRIGGER "users_note_diesel_envelope_backfill" AFTER UPDATE OF "note_plain" ON "users"
WHEN (NEW."note_plain" COLLATE BINARY IS NOT OLD."note_plain" COLLATE BINARY OR typeof(NEW."note_plain") <> typeof(OLD."note_plain"))
    AND NEW."note" IS OLD."note"
BEGIN
    UPDATE "users" SET "note" = NULL WHERE "id" IS NEW."id";
END;
CREATE TRIGGER "users_email_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."email" IS NOT NULL AND NOT (NEW."email" COLLATE BINARY IS NOT OLD."email" COLLATE BINARY OR typeof(NEW."email") <> typeof(OLD."email"))
    AND ((NEW."tenant" COLLATE BINARY IS NOT OLD."tenant" COLLATE BINARY OR typeof(NEW."tenant") <> typeof(OLD."tenant")) OR (NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.email is bound to its row: an UPDATE of tenant, id must write email too');
END;
CREATE TRIGGER "users_name_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."name" IS NOT NULL AND NOT (NEW."name" COLLATE BINARY IS NOT OLD."name" COLLATE BINARY OR typeof(NEW."name") <> typeof(OLD."name"))
    AND ((NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.name is bound to its row: an UPDATE of id must write name too');
END;
CREATE TRIGGER "users_iban_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."iban" IS NOT NULL AND NOT (NEW."iban" COLLATE BINARY IS NOT OLD."iban" COLLATE BINARY OR typeof(NEW."iban") <> typeof(OLD."iban"))
    AND ((NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.iban is bound to its row: an UPDATE of id must write iban too');
END;
CREATE TRIGGER "users_phone_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."phone" IS NOT NULL AND NOT (NEW."phone" COLLATE BINARY IS NOT OLD."phone" COLLATE BINARY OR typeof(NEW."phone") <> typeof(OLD."phone"))
    AND ((NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.phone is bound to its row: an UPDATE of id must write phone too');
END;
