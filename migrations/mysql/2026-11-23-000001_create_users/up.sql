-- The database itself refuses a plaintext. A ciphertext is
--   a native value: 34 bytes or more, of which the first is 0xA0 to 0xAF, so that a new format needs no new constraint; or
--   a Fernet token: 100 characters or more, a multiple of four, of which the first are 'gAAAAA'.
CREATE TABLE users (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name BLOB NOT NULL,
    email BLOB NOT NULL,
    email_index VARBINARY(32) NOT NULL UNIQUE,
    phone BLOB,
    CONSTRAINT users_name_encrypted CHECK (
        OCTET_LENGTH(name) >= 34 AND LEFT(name, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(name) >= 100 AND OCTET_LENGTH(name) % 4 = 0 AND LEFT(name, 6) = X'674141414141'
    ),
    CONSTRAINT users_email_encrypted CHECK (
        OCTET_LENGTH(email) >= 34 AND LEFT(email, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(email) >= 100 AND OCTET_LENGTH(email) % 4 = 0 AND LEFT(email, 6) = X'674141414141'
    ),
    CONSTRAINT users_phone_encrypted CHECK (
        OCTET_LENGTH(phone) >= 34 AND LEFT(phone, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(phone) >= 100 AND OCTET_LENGTH(phone) % 4 = 0 AND LEFT(phone, 6) = X'674141414141'
    )
);
