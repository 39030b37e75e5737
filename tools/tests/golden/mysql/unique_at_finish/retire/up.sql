-- retire: users (email): the first index columns go.
-- To be run when no program reads or writes them any more.
DROP TRIGGER `users_email_diesel_envelope_first`;
ALTER TABLE `users`
    DROP COLUMN `email_index`;
