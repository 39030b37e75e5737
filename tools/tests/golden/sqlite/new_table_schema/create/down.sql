-- Drops the table and its rows.
DROP TABLE "app"."users";
