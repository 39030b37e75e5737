-- Drops the encrypted columns and their values. Other tables may use the domains, so they stay.
ALTER TABLE "or""der`s'; --"
    DROP COLUMN "e""mail`s'",
    DROP COLUMN "e""mail`s index";
