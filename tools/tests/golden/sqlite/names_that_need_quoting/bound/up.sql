-- bound: or"der`s'; -- (e"mail`s', n"ote`'): accepts only native values that are bound to their column (flag 0x01).
-- Run it when no Fernet token and no unbound value is left.
-- If one is left, this migration fails and changes nothing.
UPDATE "or""der`s'; --" SET "e""mail`s'" = "e""mail`s'" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.e""mail`s' has values that are not bound to it" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "e""mail`s'" IS NOT NULL AND NOT (substr("e""mail`s'", 1, 1) = x'a1' AND substr("e""mail`s'", 2, 1) IN (x'01', x'03')) LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.n""ote`' has values that are not bound to it" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "n""ote`'" IS NOT NULL AND NOT ("n""ote`'" GLOB 'de1.oQ[E-HM-P]*') LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_bound_insert" BEFORE INSERT ON "or""der`s'; --"
WHEN NEW."e""mail`s'" IS NOT NULL AND NOT (substr(NEW."e""mail`s'", 1, 1) = x'a1' AND substr(NEW."e""mail`s'", 2, 1) IN (x'01', x'03'))
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s'' takes only native values that are bound to it');
END;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_bound_update" BEFORE UPDATE OF "e""mail`s'" ON "or""der`s'; --"
WHEN NEW."e""mail`s'" IS NOT NULL AND NOT (substr(NEW."e""mail`s'", 1, 1) = x'a1' AND substr(NEW."e""mail`s'", 2, 1) IN (x'01', x'03'))
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s'' takes only native values that are bound to it');
END;
CREATE TRIGGER "or""der`s'; --_n""ote`'_diesel_envelope_bound_insert" BEFORE INSERT ON "or""der`s'; --"
WHEN NEW."n""ote`'" IS NOT NULL AND NOT (NEW."n""ote`'" GLOB 'de1.oQ[E-HM-P]*')
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.n"ote`'' takes only native values that are bound to it');
END;
CREATE TRIGGER "or""der`s'; --_n""ote`'_diesel_envelope_bound_update" BEFORE UPDATE OF "n""ote`'" ON "or""der`s'; --"
WHEN NEW."n""ote`'" IS NOT NULL AND NOT (NEW."n""ote`'" GLOB 'de1.oQ[E-HM-P]*')
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.n"ote`'' takes only native values that are bound to it');
END;
