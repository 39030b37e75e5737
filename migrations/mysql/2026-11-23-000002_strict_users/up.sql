-- Once no Fernet token and no unbound value is left: only native values that are bound to a column (flag 0x01) are taken.
ALTER TABLE users
    ADD CONSTRAINT users_name_bound CHECK (ORD(LEFT(name, 1)) = 161 AND ORD(SUBSTR(name, 2, 1)) & 1 = 1),
    ADD CONSTRAINT users_email_bound CHECK (ORD(LEFT(email, 1)) = 161 AND ORD(SUBSTR(email, 2, 1)) & 1 = 1),
    ADD CONSTRAINT users_phone_bound CHECK (ORD(LEFT(phone, 1)) = 161 AND ORD(SUBSTR(phone, 2, 1)) & 1 = 1);
