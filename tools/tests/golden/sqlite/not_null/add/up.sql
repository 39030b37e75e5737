-- add: users (email): adds columns for ciphertext and its blind indexes, which refuse plaintext.
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
CREATE TRIGGER "users_email_diesel_envelope_backfill" AFTER UPDATE OF "email_plain" ON "users"
WHEN (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
    AND NEW."email" IS OLD."email"
BEGIN
    UPDATE "users" SET "email" = NULL, "email_index" = NULL WHERE "id" IS NEW."id";
END;
