-- add: users (email, phone, age, note): adds columns for ciphertext and its blind indexes, which refuse plaintext.
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
CREATE UNIQUE INDEX "users_email_index_diesel_envelope_idx" ON "users" ("email_index");
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
    ADD COLUMN "phone_index" BLOB CHECK ("phone_index" IS NULL OR typeof("phone_index") = 'blob' AND length("phone_index") = 32);
CREATE INDEX "users_phone_index_diesel_envelope_idx" ON "users" ("phone_index");
ALTER TABLE "users"
    ADD COLUMN "phone_last4_index" BLOB CHECK ("phone_last4_index" IS NULL OR typeof("phone_last4_index") = 'blob' AND length("phone_last4_index") = 2);
CREATE INDEX "users_phone_last4_index_diesel_envelope_idx" ON "users" ("phone_last4_index");
ALTER TABLE "users"
    ADD COLUMN "age" BLOB CHECK ("age" IS NULL OR typeof("age") = 'blob' AND (
    length("age") >= 34 AND substr("age", 1, 1) BETWEEN x'a0' AND x'af'
    OR length(CAST("age" AS TEXT)) = length("age") AND length("age") >= 100 AND rtrim(CAST("age" AS TEXT), '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length("age") % 64 = 12 AND CAST("age" AS TEXT) GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length("age") % 64 = 36 AND CAST("age" AS TEXT) GLOB 'gAAAAA*[AQgw]==' OR
        length("age") % 64 = 56 AND CAST("age" AS TEXT) GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
));
ALTER TABLE "users"
    ADD COLUMN "note_index" BLOB CHECK ("note_index" IS NULL OR typeof("note_index") = 'blob' AND length("note_index") = 3);
CREATE INDEX "users_note_index_diesel_envelope_idx" ON "users" ("note_index");
CREATE TRIGGER "users_email_diesel_envelope_backfill" AFTER UPDATE OF "email_plain" ON "users"
WHEN (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
    AND NEW."email" IS OLD."email"
BEGIN
    UPDATE "users" SET "email" = NULL, "email_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id";
END;
CREATE TRIGGER "users_phone_diesel_envelope_backfill" AFTER UPDATE OF "phone_plain" ON "users"
WHEN (NEW."phone_plain" COLLATE BINARY IS NOT OLD."phone_plain" COLLATE BINARY OR typeof(NEW."phone_plain") <> typeof(OLD."phone_plain"))
    AND NEW."phone" IS OLD."phone"
BEGIN
    UPDATE "users" SET "phone" = NULL, "phone_index" = NULL, "phone_last4_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id";
END;
CREATE TRIGGER "users_note_diesel_envelope_backfill" AFTER UPDATE OF "note" ON "users"
WHEN (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"))
    AND (typeof(NEW."note") = 'text' AND length(NEW."note") = length(CAST(NEW."note" AS BLOB)) AND (
    length(NEW."note") >= 50 AND substr(NEW."note", 5) NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."note") % 4 = 0 AND NEW."note" GLOB 'de1[.]o[Q-Za-f]*[A-Za-z0-9_-]' OR
        length(NEW."note") % 4 = 2 AND NEW."note" GLOB 'de1[.]o[Q-Za-f]*[AQgw]' OR
        length(NEW."note") % 4 = 3 AND NEW."note" GLOB 'de1[.]o[Q-Za-f]*[AEIMQUYcgkosw048]'
    )
    OR length(NEW."note") >= 100 AND rtrim(NEW."note", '=') NOT GLOB '*[^A-Za-z0-9_-]*' AND (
        length(NEW."note") % 64 = 12 AND NEW."note" GLOB 'gAAAAA*[A-Za-z0-9_-]' OR
        length(NEW."note") % 64 = 36 AND NEW."note" GLOB 'gAAAAA*[AQgw]==' OR
        length(NEW."note") % 64 = 56 AND NEW."note" GLOB 'gAAAAA*[AEIMQUYcgkosw048]='
    )
)) IS NOT 1
BEGIN
    UPDATE "users" SET "note_index" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id";
END;
