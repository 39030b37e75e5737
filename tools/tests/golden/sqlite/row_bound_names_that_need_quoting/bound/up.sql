-- bound: or"der`s'; -- (e"mail`s'): accepts only native values that are bound to their column (flag 0x01), or to their row (flag 0x04) in a column that is declared so.
-- Run it when no value in another format is left.
-- If one is left, this migration fails and changes nothing.
UPDATE "or""der`s'; --" SET "e""mail`s'" = "e""mail`s'" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.e""mail`s' has values that are not bound to their row" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "e""mail`s'" IS NOT NULL AND NOT (substr("e""mail`s'", 1, 1) = x'a1' AND substr("e""mail`s'", 2, 1) IN (x'05', x'07')) LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_row_bound_insert" BEFORE INSERT ON "or""der`s'; --"
WHEN NEW."e""mail`s'" IS NOT NULL AND NOT (substr(NEW."e""mail`s'", 1, 1) = x'a1' AND substr(NEW."e""mail`s'", 2, 1) IN (x'05', x'07'))
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s'' takes only native values that are bound to their row');
END;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_row_bound_update" BEFORE UPDATE OF "e""mail`s'" ON "or""der`s'; --"
WHEN NEW."e""mail`s'" IS NOT NULL AND NOT (substr(NEW."e""mail`s'", 1, 1) = x'a1' AND substr(NEW."e""mail`s'", 2, 1) IN (x'05', x'07'))
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s'' takes only native values that are bound to their row');
END;
