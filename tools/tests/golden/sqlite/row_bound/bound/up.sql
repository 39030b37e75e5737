-- bound: users (email, name, iban, phone, note): accepts only native values that are bound to their column (flag 0x01), or to their row (flag 0x04) in a column that is declared so.
-- Run it when no value in another format is left.
-- If one is left, this migration fails and changes nothing.
UPDATE "users" SET "email" = "email" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.email has values that are not bound to their row" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "email" IS NOT NULL AND NOT (substr("email", 1, 1) = x'a1' AND substr("email", 2, 1) IN (x'05', x'07')) LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.name has values that are not bound to it" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "name" IS NOT NULL AND NOT (substr("name", 1, 1) = x'a1' AND substr("name", 2, 1) IN (x'01', x'03', x'05', x'07')) LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.iban has values that are not bound to their row" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "iban" IS NOT NULL AND NOT ("iban" GLOB 'de1.oQ[U-Xc-f]*') LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.phone has values that are not bound to it" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "phone" IS NOT NULL AND NOT ("phone" GLOB 'de1.oQ[E-HM-PU-Xc-f]*') LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "users.note has values that are not bound to it" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "users" WHERE "note" IS NOT NULL AND NOT (substr("note", 1, 1) = x'a1' AND substr("note", 2, 1) IN (x'01', x'03')) LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TRIGGER "users_email_diesel_envelope_row_bound_insert" BEFORE INSERT ON "users"
WHEN NEW."email" IS NOT NULL AND NOT (substr(NEW."email", 1, 1) = x'a1' AND substr(NEW."email", 2, 1) IN (x'05', x'07'))
BEGIN
    SELECT RAISE(ABORT, 'users.email takes only native values that are bound to their row');
END;
CREATE TRIGGER "users_email_diesel_envelope_row_bound_update" BEFORE UPDATE OF "email" ON "users"
WHEN NEW."email" IS NOT NULL AND NOT (substr(NEW."email", 1, 1) = x'a1' AND substr(NEW."email", 2, 1) IN (x'05', x'07'))
BEGIN
    SELECT RAISE(ABORT, 'users.email takes only native values that are bound to their row');
END;
CREATE TRIGGER "users_name_diesel_envelope_bound_insert" BEFORE INSERT ON "users"
WHEN NEW."name" IS NOT NULL AND NOT (substr(NEW."name", 1, 1) = x'a1' AND substr(NEW."name", 2, 1) IN (x'01', x'03', x'05', x'07'))
BEGIN
    SELECT RAISE(ABORT, 'users.name takes only native values that are bound to it');
END;
CREATE TRIGGER "users_name_diesel_envelope_bound_update" BEFORE UPDATE OF "name" ON "users"
WHEN NEW."name" IS NOT NULL AND NOT (substr(NEW."name", 1, 1) = x'a1' AND substr(NEW."name", 2, 1) IN (x'01', x'03', x'05', x'07'))
BEGIN
    SELECT RAISE(ABORT, 'users.name takes only native values that are bound to it');
END;
CREATE TRIGGER "users_iban_diesel_envelope_row_bound_insert" BEFORE INSERT ON "users"
WHEN NEW."iban" IS NOT NULL AND NOT (NEW."iban" GLOB 'de1.oQ[U-Xc-f]*')
BEGIN
    SELECT RAISE(ABORT, 'users.iban takes only native values that are bound to their row');
END;
CREATE TRIGGER "users_iban_diesel_envelope_row_bound_update" BEFORE UPDATE OF "iban" ON "users"
WHEN NEW."iban" IS NOT NULL AND NOT (NEW."iban" GLOB 'de1.oQ[U-Xc-f]*')
BEGIN
    SELECT RAISE(ABORT, 'users.iban takes only native values that are bound to their row');
END;
CREATE TRIGGER "users_phone_diesel_envelope_bound_insert" BEFORE INSERT ON "users"
WHEN NEW."phone" IS NOT NULL AND NOT (NEW."phone" GLOB 'de1.oQ[E-HM-PU-Xc-f]*')
BEGIN
    SELECT RAISE(ABORT, 'users.phone takes only native values that are bound to it');
END;
CREATE TRIGGER "users_phone_diesel_envelope_bound_update" BEFORE UPDATE OF "phone" ON "users"
WHEN NEW."phone" IS NOT NULL AND NOT (NEW."phone" GLOB 'de1.oQ[E-HM-PU-Xc-f]*')
BEGIN
    SELECT RAISE(ABORT, 'users.phone takes only native values that are bound to it');
END;
CREATE TRIGGER "users_note_diesel_envelope_bound_insert" BEFORE INSERT ON "users"
WHEN NEW."note" IS NOT NULL AND NOT (substr(NEW."note", 1, 1) = x'a1' AND substr(NEW."note", 2, 1) IN (x'01', x'03'))
BEGIN
    SELECT RAISE(ABORT, 'users.note takes only native values that are bound to it');
END;
CREATE TRIGGER "users_note_diesel_envelope_bound_update" BEFORE UPDATE OF "note" ON "users"
WHEN NEW."note" IS NOT NULL AND NOT (substr(NEW."note", 1, 1) = x'a1' AND substr(NEW."note", 2, 1) IN (x'01', x'03'))
BEGIN
    SELECT RAISE(ABORT, 'users.note takes only native values that are bound to it');
END;
