-- Drops the encrypted columns and their values. Other tables may use the domains, so they stay.
ALTER TABLE "users"
    DROP COLUMN "email",
    DROP COLUMN "email_index",
    DROP COLUMN "iban",
    DROP COLUMN "iban_index",
    DROP COLUMN "iban_last4_index";
