DROP TABLE users_name_tokens;
DROP TABLE users;
