-- Drops the encrypted columns and their values. Other tables may use the domains, so they stay.
ALTER TABLE "app"."users"
    DROP COLUMN "email",
    DROP COLUMN "email_index";
