-- Drops the encrypted columns and their values. Other tables may use the domains, so they stay.
ALTER TABLE "users"
    DROP COLUMN "name",
    DROP COLUMN "name_index",
    DROP COLUMN "name_tokens";
