-- bound: users (email): only native values that are bound to a column (flag 0x01) are taken.
-- To be run when no Fernet token and no unbound value is left. It fails, and changes nothing, where one is.
ALTER TABLE `users`
    ADD CONSTRAINT `users_email_diesel_envelope_bound` CHECK (
        ORD(LEFT(`email`, 1)) = 161 AND ORD(SUBSTR(`email`, 2, 1)) & 1 = 1
    );
