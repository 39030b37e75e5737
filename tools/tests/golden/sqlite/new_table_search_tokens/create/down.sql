-- Drops the table and its rows.
DROP TABLE "users";
DROP TABLE "users_name_tokens";
