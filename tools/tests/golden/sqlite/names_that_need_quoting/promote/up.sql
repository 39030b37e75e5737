-- promote: or"der`s'; -- (e"mail`s', n"ote`'): gives the second index columns the constraints of the first.
-- Run it when every program writes both columns and every row has both.
-- If a row has no second index, this migration fails and changes nothing.
UPDATE "or""der`s'; --" SET "e""mail`s'" = "e""mail`s'" WHERE 0;
CREATE TEMP TABLE diesel_envelope_check (passed INTEGER CONSTRAINT "or""der`s'; --.e""mail`s' has values that sec""ond`' does not find" CHECK (passed));
INSERT INTO temp.diesel_envelope_check SELECT 0 FROM "or""der`s'; --" WHERE "e""mail`s'" IS NOT NULL AND "sec""ond`'" IS NULL LIMIT 1;
DROP TABLE temp.diesel_envelope_check;
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_shadow";
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_first" AFTER UPDATE OF "sec""ond`'" ON "or""der`s'; --"
WHEN (NEW."sec""ond`'" COLLATE BINARY IS NOT OLD."sec""ond`'" COLLATE BINARY OR typeof(NEW."sec""ond`'") <> typeof(OLD."sec""ond`'"))
BEGIN
    UPDATE OR IGNORE "or""der`s'; --" SET "e""mail`s index" = NULL WHERE "i""d`'" IS NEW."i""d`'" AND NEW."e""mail`s index" IS OLD."e""mail`s index" AND (NEW."sec""ond`'" COLLATE BINARY IS NOT OLD."sec""ond`'" COLLATE BINARY OR typeof(NEW."sec""ond`'") <> typeof(OLD."sec""ond`'"));
END;
CREATE UNIQUE INDEX "or""der`s'; --_sec""ond`'_diesel_envelope_idx" ON "or""der`s'; --" ("sec""ond`'");
CREATE TRIGGER "or""der`s'; --_sec""ond`'_diesel_envelope_required_insert" BEFORE INSERT ON "or""der`s'; --"
WHEN NEW."sec""ond`'" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.sec"ond`'' may not be NULL');
END;
CREATE TRIGGER "or""der`s'; --_sec""ond`'_diesel_envelope_required_update" BEFORE UPDATE OF "sec""ond`'" ON "or""der`s'; --"
WHEN NEW."sec""ond`'" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.sec"ond`'' may not be NULL');
END;
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s index_diesel_envelope_required_update";
