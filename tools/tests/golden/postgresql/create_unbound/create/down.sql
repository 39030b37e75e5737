-- Drops the encrypted columns and their values. Other tables may use the domains, so they stay.
ALTER TABLE "users"
    DROP COLUMN "email";
