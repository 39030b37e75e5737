-- bound: app.users (email): only native values that are bound to a column (flag 0x01) are taken.
-- To be run when no Fernet token and no unbound value is left. It fails, and changes nothing, where one is.
ALTER TABLE "app"."users"
    ADD CONSTRAINT "users_email_diesel_envelope_bound" CHECK (get_byte("email", 0) = 161 AND get_byte("email", 1) & 1 = 1);
