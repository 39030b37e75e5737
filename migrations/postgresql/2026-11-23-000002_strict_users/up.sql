-- Run this once no Fernet token and no unbound value is left.
-- The columns then accept only bound native values (flag 0x01).
ALTER TABLE users
    ADD CONSTRAINT users_name_bound CHECK (get_byte(name, 0) = 161 AND get_byte(name, 1) & 1 = 1),
    ADD CONSTRAINT users_email_bound CHECK (get_byte(email, 0) = 161 AND get_byte(email, 1) & 1 = 1),
    ADD CONSTRAINT users_phone_bound CHECK (get_byte(phone, 0) = 161 AND get_byte(phone, 1) & 1 = 1);
