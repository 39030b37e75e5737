-- relax: users (email, name, iban, phone, note): allows NULL in the plaintext columns.
-- If a program writes only the ciphertext, a trigger sets the plaintext to NULL.
-- Run it when no program reads the plaintext, before you deploy a program that does not write it.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_backfill";
CREATE TRIGGER "users_email_diesel_envelope_relax" AFTER UPDATE OF "email" ON "users"
WHEN (NEW."email" COLLATE BINARY IS NOT OLD."email" COLLATE BINARY OR typeof(NEW."email") <> typeof(OLD."email"))
    AND NOT (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
BEGIN
    UPDATE "users" SET "email_plain" = NULL WHERE "id" IS NEW."id";
END;
DROP TRIGGER IF EXISTS "users_name_diesel_envelope_backfill";
CREATE TRIGGER "users_name_diesel_envelope_relax" AFTER UPDATE OF "name" ON "users"
WHEN (NEW."name" COLLATE BINARY IS NOT OLD."name" COLLATE BINARY OR typeof(NEW."name") <> typeof(OLD."name"))
    AND NOT (NEW."name_plain" COLLATE BINARY IS NOT OLD."name_plain" COLLATE BINARY OR typeof(NEW."name_plain") <> typeof(OLD."name_plain"))
BEGIN
    UPDATE "users" SET "name_plain" = NULL WHERE "id" IS NEW."id";
END;
DROP TRIGGER IF EXISTS "users_iban_diesel_envelope_backfill";
CREATE TRIGGER "users_iban_diesel_envelope_relax" AFTER UPDATE OF "iban" ON "users"
WHEN (NEW."iban" COLLATE BINARY IS NOT OLD."iban" COLLATE BINARY OR typeof(NEW."iban") <> typeof(OLD."iban"))
    AND NOT (NEW."iban_plain" COLLATE BINARY IS NOT OLD."iban_plain" COLLATE BINARY OR typeof(NEW."iban_plain") <> typeof(OLD."iban_plain"))
BEGIN
    UPDATE "users" SET "iban_plain" = NULL WHERE "id" IS NEW."id";
END;
DROP TRIGGER IF EXISTS "users_phone_diesel_envelope_backfill";
CREATE TRIGGER "users_phone_diesel_envelope_relax" AFTER UPDATE OF "phone" ON "users"
WHEN (NEW."phone" COLLATE BINARY IS NOT OLD."phone" COLLATE BINARY OR typeof(NEW."phone") <> typeof(OLD."phone"))
    AND NOT (NEW."phone_plain" COLLATE BINARY IS NOT OLD."phone_plain" COLLATE BINARY OR typeof(NEW."phone_plain") <> typeof(OLD."phone_plain"))
BEGIN
    UPDATE "users" SET "phone_plain" = NULL WHERE "id" IS NEW."id";
END;
DROP TRIGGER IF EXISTS "users_note_diesel_envelope_backfill";
CREATE TRIGGER "users_note_diesel_envelope_relax" AFTER UPDATE OF "note" ON "users"
WHEN (NEW."note" COLLATE BINARY IS NOT OLD."note" COLLATE BINARY OR typeof(NEW."note") <> typeof(OLD."note"))
    AND NOT (NEW."note_plain" COLLATE BINARY IS NOT OLD."note_plain" COLLATE BINARY OR typeof(NEW."note_plain") <> typeof(OLD."note_plain"))
BEGIN
    UPDATE "users" SET "note_plain" = NULL WHERE "id" IS NEW."id";
END;
