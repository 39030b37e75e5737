-- add: users (name): adds columns for ciphertext and its blind indexes, which refuse plaintext.
-- Run it before any program writes ciphertext.
-- Then deploy the program that writes both columns, run backfill, and run verify.
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
    ADD COLUMN "name_index" BLOB CHECK ("name_index" IS NULL OR typeof("name_index") = 'blob' AND length("name_index") = 32);
CREATE INDEX "users_name_index_diesel_envelope_idx" ON "users" ("name_index");
ALTER TABLE "users"
    ADD COLUMN "name_tokens" BLOB CHECK ("name_tokens" IS NULL OR typeof("name_tokens") = 'blob' AND length("name_tokens") % 2 = 0);
CREATE TABLE "users_name_tokens" (
    "token" BLOB NOT NULL,
    "tenant" NOT NULL,
    "id" NOT NULL,
    PRIMARY KEY ("token", "tenant", "id")
) WITHOUT ROWID;
CREATE TRIGGER "users_name_tokens_diesel_envelope_insert" AFTER INSERT ON "users"
WHEN length(NEW."name_tokens") > 0
BEGIN
    INSERT OR IGNORE INTO "users_name_tokens" ("token", "tenant", "id")
        SELECT substr(NEW."name_tokens", 1 + 2 * json_each.key, 2), NEW."tenant", NEW."id"
        FROM json_each('[' || substr(replace(hex(zeroblob(length(NEW."name_tokens") / 2)), '00', ',0'), 2) || ']');
END;
CREATE TRIGGER "users_name_tokens_diesel_envelope_update" AFTER UPDATE ON "users"
WHEN NEW."name_tokens" IS NOT OLD."name_tokens" OR NEW."tenant" IS NOT OLD."tenant" OR NEW."id" IS NOT OLD."id"
BEGIN
    DELETE FROM "users_name_tokens" WHERE ("token", "tenant", "id") IN (
        SELECT substr(OLD."name_tokens", 1 + 2 * json_each.key, 2), OLD."tenant", OLD."id"
        FROM json_each('[' || substr(replace(hex(zeroblob(length(OLD."name_tokens") / 2)), '00', ',0'), 2) || ']'));
    INSERT OR IGNORE INTO "users_name_tokens" ("token", "tenant", "id")
        SELECT substr(NEW."name_tokens", 1 + 2 * json_each.key, 2), NEW."tenant", NEW."id"
        FROM json_each('[' || substr(replace(hex(zeroblob(length(NEW."name_tokens") / 2)), '00', ',0'), 2) || ']');
END;
CREATE TRIGGER "users_name_tokens_diesel_envelope_delete" AFTER DELETE ON "users"
BEGIN
    DELETE FROM "users_name_tokens" WHERE ("token", "tenant", "id") IN (
        SELECT substr(OLD."name_tokens", 1 + 2 * json_each.key, 2), OLD."tenant", OLD."id"
        FROM json_each('[' || substr(replace(hex(zeroblob(length(OLD."name_tokens") / 2)), '00', ',0'), 2) || ']'));
END;
CREATE TRIGGER "users_name_diesel_envelope_backfill" AFTER UPDATE OF "name_plain" ON "users"
WHEN (NEW."name_plain" COLLATE BINARY IS NOT OLD."name_plain" COLLATE BINARY OR typeof(NEW."name_plain") <> typeof(OLD."name_plain"))
    AND NEW."name" IS OLD."name"
BEGIN
    UPDATE "users" SET "name" = NULL, "name_index" = NULL, "name_tokens" = NULL WHERE "tenant" IS NEW."tenant" AND "id" IS NEW."id";
END;
