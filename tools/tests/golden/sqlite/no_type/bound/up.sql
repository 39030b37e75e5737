-- bound: users (email, note): accepts only native values that are bound to their column (flag 0x01).
-- Run it when no Fernet token and no unbound value is left.
-- If one is left, this migration fails and changes nothing.
UPDATE "users" SET "email" = "email" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email has values that are not bound to it" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email" IS NOT NULL AND NOT (substr("email", 1, 1) = x'a1' AND substr("email", 2, 1) IN (x'01', x'03')) LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.note has values that are not bound to it" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "note" IS NOT NULL AND NOT ("note" GLOB 'de1.oQ[E-HM-P]*') LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TRIGGER "users_email_diesel_envelope_bound_insert" BEFORE INSERT ON "users"
WHEN NEW."email" IS NOT NULL AND NOT (substr(NEW."email", 1, 1) = x'a1' AND substr(NEW."email", 2, 1) IN (x'01', x'03'))
BEGIN
    SELECT RAISE(ABORT, 'users.email takes only native values that are bound to it');
END;
CREATE TRIGGER "users_email_diesel_envelope_bound_update" BEFORE UPDATE OF "email" ON "users"
WHEN NEW."email" IS NOT NULL AND NOT (substr(NEW."email", 1, 1) = x'a1' AND substr(NEW."email", 2, 1) IN (x'01', x'03'))
BEGIN
    SELECT RAISE(ABORT, 'users.email takes only native values that are bound to it');
END;
CREATE TRIGGER "users_note_diesel_envelope_bound_insert" BEFORE INSERT ON "users"
WHEN NEW."note" IS NOT NULL AND NOT (NEW."note" GLOB 'de1.oQ[E-HM-P]*')
BEGIN
    SELECT RAISE(ABORT, 'users.note takes only native values that are bound to it');
END;
CREATE TRIGGER "users_note_diesel_envelope_bound_update" BEFORE UPDATE OF "note" ON "users"
WHEN NEW."note" IS NOT NULL AND NOT (NEW."note" GLOB 'de1.oQ[E-HM-P]*')
BEGIN
    SELECT RAISE(ABORT, 'users.note takes only native values that are bound to it');
END;
