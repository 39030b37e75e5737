-- relax: users (email): allows NULL in the plaintext columns.
-- If a program writes only the ciphertext, a trigger sets the plaintext to NULL.
-- Run it when no program reads the plaintext, before you deploy a program that does not write it.
DROP TRIGGER IF EXISTS "users_email_diesel_envelope_backfill";
CREATE TRIGGER "users_email_diesel_envelope_relax" AFTER UPDATE OF "email" ON "users"
WHEN (NEW."email" COLLATE BINARY IS NOT OLD."email" COLLATE BINARY OR typeof(NEW."email") <> typeof(OLD."email"))
    AND NOT (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
BEGIN
    UPDATE "users" SET "email_plain" = NULL WHERE rowid IS NEW.rowid;
END;
