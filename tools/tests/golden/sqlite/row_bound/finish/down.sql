-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "users"
    ADD COLUMN "email_plain" varchar(50);
CREATE TRIGGER "users_email_diesel_envelope_backfill" AFTER UPDATE OF "email_plain" ON "users"
WHEN (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
    AND NEW."email" IS OLD."email"
BEGIN
    UPDATE "users" SET "email" = NULL, "email_index" = NULL WHERE "id" IS NEW."id";
END;
ALTER TABLE "users"
    ADD COLUMN "name_plain" varchar(50);
CREATE TRIGGER "users_name_diesel_envelope_backfill" AFTER UPDATE OF "name_plain" ON "users"
WHEN (NEW."name_plain" COLLATE BINARY IS NOT OLD."name_plain" COLLATE BINARY OR typeof(NEW."name_plain") <> typeof(OLD."name_plain"))
    AND NEW."name" IS OLD."name"
BEGIN
    UPDATE "users" SET "name" = NULL WHERE "id" IS NEW."id";
END;
ALTER TABLE "users"
    ADD COLUMN "iban_plain" varchar(50);
CREATE TRIGGER "users_iban_diesel_envelope_backfill" AFTER UPDATE OF "iban_plain" ON "users"
WHEN (NEW."iban_plain" COLLATE BINARY IS NOT OLD."iban_plain" COLLATE BINARY OR typeof(NEW."iban_plain") <> typeof(OLD."iban_plain"))
    AND NEW."iban" IS OLD."iban"
BEGIN
    UPDATE "users" SET "iban" = NULL WHERE "id" IS NEW."id";
END;
ALTER TABLE "users"
    ADD COLUMN "phone_plain" varchar(50);
CREATE TRIGGER "users_phone_diesel_envelope_backfill" AFTER UPDATE OF "phone_plain" ON "users"
WHEN (NEW."phone_plain" COLLATE BINARY IS NOT OLD."phone_plain" COLLATE BINARY OR typeof(NEW."phone_plain") <> typeof(OLD."phone_plain"))
    AND NEW."phone" IS OLD."phone"
BEGIN
    UPDATE "users" SET "phone" = NULL WHERE "id" IS NEW."id";
END;
ALTER TABLE "users"
    ADD COLUMN "note_plain" varchar(50);
CREATE TRIGGER "users_note_diesel_envelope_backfill" AFTER UPDATE OF "note_plain" ON "users"
WHEN (NEW."note_plain" COLLATE BINARY IS NOT OLD."note_plain" COLLATE BINARY OR typeof(NEW."note_plain") <> typeof(OLD."note_plain"))
    AND NEW."note" IS OLD."note"
BEGIN
    UPDATE "users" SET "note" = NULL WHERE "id" IS NEW."id";
END;
