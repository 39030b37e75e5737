-- Drops the table and its rows.
DROP TABLE "users";
