-- If a value is too long for the old type, this migration fails.
ALTER TABLE "or""der`s'; --"
    ALTER COLUMN "n""ote`'" TYPE varchar(9) COLLATE "C";
