-- Restores the state after the step shadow.
DROP INDEX IF EXISTS "or""der`s'; --_sec""ond`'_diesel_envelope_idx";
DROP TRIGGER IF EXISTS "or""der`s'; --_sec""ond`'_diesel_envelope_required_insert";
DROP TRIGGER IF EXISTS "or""der`s'; --_sec""ond`'_diesel_envelope_required_update";
CREATE TRIGGER "or""der`s'; --_e""mail`s index_diesel_envelope_required_insert" BEFORE INSERT ON "or""der`s'; --"
WHEN NEW."e""mail`s index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s index may not be NULL');
END;
CREATE TRIGGER "or""der`s'; --_e""mail`s index_diesel_envelope_required_update" BEFORE UPDATE OF "e""mail`s index" ON "or""der`s'; --"
WHEN NEW."e""mail`s index" IS NULL
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s index may not be NULL');
END;
DROP TRIGGER IF EXISTS "or""der`s'; --_e""mail`s'_diesel_envelope_first";
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_shadow" AFTER UPDATE OF "e""mail`s index" ON "or""der`s'; --"
WHEN (NEW."e""mail`s index" COLLATE BINARY IS NOT OLD."e""mail`s index" COLLATE BINARY OR typeof(NEW."e""mail`s index") <> typeof(OLD."e""mail`s index"))
BEGIN
    UPDATE "or""der`s'; --" SET "sec""ond`'" = NULL WHERE "i""d`'" IS NEW."i""d`'" AND NEW."sec""ond`'" IS OLD."sec""ond`'" AND (NEW."e""mail`s index" COLLATE BINARY IS NOT OLD."e""mail`s index" COLLATE BINARY OR typeof(NEW."e""mail`s index") <> typeof(OLD."e""mail`s index"));
END;
