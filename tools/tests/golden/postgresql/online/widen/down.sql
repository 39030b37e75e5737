-- If a value is too long for the old type, this migration fails.
ALTER TABLE "users"
    ALTER COLUMN "note" TYPE varchar(50) COLLATE "utf8mb4_general_ci";
