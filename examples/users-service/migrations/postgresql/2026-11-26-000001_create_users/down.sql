DROP TABLE users;
DROP DOMAIN blind_index;
DROP DOMAIN ciphertext;
