-- row: users (email, name, iban, phone): refuses an UPDATE of the key of a row that leaves a value bound to that key.
-- Run it before any program writes values that are bound to their row.
CREATE TRIGGER "users_email_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."email" IS NOT NULL AND NOT (NEW."email" COLLATE BINARY IS NOT OLD."email" COLLATE BINARY OR typeof(NEW."email") <> typeof(OLD."email"))
    AND ((NEW."tenant" COLLATE BINARY IS NOT OLD."tenant" COLLATE BINARY OR typeof(NEW."tenant") <> typeof(OLD."tenant")) OR (NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.email is bound to its row: an UPDATE of tenant, id must write email too');
END;
CREATE TRIGGER "users_name_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."name" IS NOT NULL AND NOT (NEW."name" COLLATE BINARY IS NOT OLD."name" COLLATE BINARY OR typeof(NEW."name") <> typeof(OLD."name"))
    AND ((NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.name is bound to its row: an UPDATE of id must write name too');
END;
CREATE TRIGGER "users_iban_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."iban" IS NOT NULL AND NOT (NEW."iban" COLLATE BINARY IS NOT OLD."iban" COLLATE BINARY OR typeof(NEW."iban") <> typeof(OLD."iban"))
    AND ((NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.iban is bound to its row: an UPDATE of id must write iban too');
END;
CREATE TRIGGER "users_phone_diesel_envelope_row_key" BEFORE UPDATE ON "users"
WHEN NEW."phone" IS NOT NULL AND NOT (NEW."phone" COLLATE BINARY IS NOT OLD."phone" COLLATE BINARY OR typeof(NEW."phone") <> typeof(OLD."phone"))
    AND ((NEW."id" COLLATE BINARY IS NOT OLD."id" COLLATE BINARY OR typeof(NEW."id") <> typeof(OLD."id")))
BEGIN
    SELECT RAISE(ABORT, 'users.phone is bound to its row: an UPDATE of id must write phone too');
END;
