DROP TABLE users;
DROP DOMAIN search_tokens;
DROP DOMAIN blind_index;
DROP DOMAIN ciphertext;
