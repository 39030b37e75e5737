-- Drops the encrypted columns and their values.
ALTER TABLE "users"
    DROP COLUMN "email";
