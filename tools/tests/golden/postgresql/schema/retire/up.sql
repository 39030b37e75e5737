-- retire: app.users (email): drops the first index columns.
-- Run it when no program reads or writes these columns.
DROP TRIGGER "users_email_diesel_envelope_first" ON "app"."users";
DROP FUNCTION "app"."users_email_diesel_envelope_first"();
ALTER TABLE "app"."users"
    DROP COLUMN "email_index";
