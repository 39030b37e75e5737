-- retire: users (email, name, iban, phone, note): drops the first index columns.
-- Run it when no program reads or writes these columns.
DROP TRIGGER `users_email_diesel_envelope_first`;
ALTER TABLE `users`
    DROP COLUMN `email_index`;
