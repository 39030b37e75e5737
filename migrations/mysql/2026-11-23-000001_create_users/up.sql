-- The database itself refuses a plaintext. A ciphertext is one of these:
--   - A native value: 34 bytes or more. The first byte is 0xA0 to 0xAF, so that a new format needs
--     no new constraint.
--   - A Fernet token: base64url of 73 bytes plus a multiple of 16. It begins with 'gAAAAA'.
CREATE TABLE users (
    id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    name BLOB NOT NULL,
    email BLOB NOT NULL,
    email_index VARBINARY(32) NOT NULL UNIQUE,
    phone BLOB,
    CONSTRAINT users_name_encrypted CHECK (
        OCTET_LENGTH(name) >= 34 AND LEFT(name, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(name) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(name USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
            OCTET_LENGTH(name) % 64 = 12 AND CONVERT(name USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
            OCTET_LENGTH(name) % 64 = 36 AND CONVERT(name USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
            OCTET_LENGTH(name) % 64 = 56 AND CONVERT(name USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
        )
    ),
    CONSTRAINT users_email_encrypted CHECK (
        OCTET_LENGTH(email) >= 34 AND LEFT(email, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(email) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(email USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
            OCTET_LENGTH(email) % 64 = 12 AND CONVERT(email USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
            OCTET_LENGTH(email) % 64 = 36 AND CONVERT(email USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
            OCTET_LENGTH(email) % 64 = 56 AND CONVERT(email USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
        )
    ),
    CONSTRAINT users_phone_encrypted CHECK (
        OCTET_LENGTH(phone) >= 34 AND LEFT(phone, 1) BETWEEN X'A0' AND X'AF'
        OR OCTET_LENGTH(phone) >= 100 AND TRIM(TRAILING '=' FROM CONVERT(phone USING latin1) COLLATE latin1_bin) NOT REGEXP '[^A-Za-z0-9_-]' AND (
            OCTET_LENGTH(phone) % 64 = 12 AND CONVERT(phone USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[A-Za-z0-9_-]$' OR
            OCTET_LENGTH(phone) % 64 = 36 AND CONVERT(phone USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AQgw]==$' OR
            OCTET_LENGTH(phone) % 64 = 56 AND CONVERT(phone USING latin1) COLLATE latin1_bin REGEXP '^gAAAAA.*[AEIMQUYcgkosw048]=$'
        )
    )
);
