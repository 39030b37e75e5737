-- The plaintext columns come back empty: no migration can decrypt.
ALTER TABLE "users"
    ALTER COLUMN "a" TYPE text,
    ALTER COLUMN "b" TYPE citext COLLATE "C";
