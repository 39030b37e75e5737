-- Run this once no Fernet token and no unbound value is left.
-- The columns then accept only bound native values (flag 0x01).
ALTER TABLE users
    ADD CONSTRAINT users_name_bound CHECK (ORD(LEFT(name, 1)) = 161 AND ORD(SUBSTR(name, 2, 1)) & 1 = 1),
    ADD CONSTRAINT users_email_bound CHECK (ORD(LEFT(email, 1)) = 161 AND ORD(SUBSTR(email, 2, 1)) & 1 = 1),
    ADD CONSTRAINT users_phone_bound CHECK (ORD(LEFT(phone, 1)) = 161 AND ORD(SUBSTR(phone, 2, 1)) & 1 = 1);
