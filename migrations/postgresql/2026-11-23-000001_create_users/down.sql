DROP TABLE users;
DROP DOMAIN blind_index;
DROP DOMAIN ciphertext_text;
DROP DOMAIN ciphertext;
