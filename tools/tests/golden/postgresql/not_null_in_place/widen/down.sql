-- It fails where a value has become too long.
ALTER TABLE "users"
    ALTER COLUMN "note" TYPE varchar(50) COLLATE "utf8mb4_general_ci";
