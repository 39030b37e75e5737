-- It fails where a value has become too long.
ALTER TABLE "or""der`s'; --"
    ALTER COLUMN "n""ote`'" TYPE varchar(9) COLLATE "C";
