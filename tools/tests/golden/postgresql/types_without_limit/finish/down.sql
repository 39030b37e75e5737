-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "users"
    ALTER COLUMN "a" TYPE text,
    ALTER COLUMN "b" TYPE citext COLLATE "C";
