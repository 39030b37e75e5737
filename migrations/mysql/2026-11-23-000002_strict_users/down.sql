ALTER TABLE users
    DROP CONSTRAINT users_name_bound,
    DROP CONSTRAINT users_email_bound,
    DROP CONSTRAINT users_phone_bound;
