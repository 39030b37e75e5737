-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "users"
    ADD COLUMN "email_plain" varchar(50);
CREATE TRIGGER "users_email_diesel_envelope_backfill" AFTER UPDATE OF "email_plain" ON "users"
WHEN (NEW."email_plain" COLLATE BINARY IS NOT OLD."email_plain" COLLATE BINARY OR typeof(NEW."email_plain") <> typeof(OLD."email_plain"))
    AND NEW."email" IS OLD."email"
BEGIN
    UPDATE "users" SET "email" = NULL, "email_index" = NULL WHERE rowid IS NEW.rowid;
END;
