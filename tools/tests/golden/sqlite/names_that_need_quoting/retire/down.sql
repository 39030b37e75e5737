-- Adds the first columns again, without values.
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "e""mail`s index" BLOB CHECK ("e""mail`s index" IS NULL OR typeof("e""mail`s index") = 'blob' AND length("e""mail`s index") = 32);
CREATE UNIQUE INDEX "or""der`s'; --_e""mail`s index_diesel_envelope_idx" ON "or""der`s'; --" ("e""mail`s index");
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_first" AFTER UPDATE OF "sec""ond`'" ON "or""der`s'; --"
WHEN (NEW."sec""ond`'" COLLATE BINARY IS NOT OLD."sec""ond`'" COLLATE BINARY OR typeof(NEW."sec""ond`'") <> typeof(OLD."sec""ond`'"))
BEGIN
    UPDATE OR IGNORE "or""der`s'; --" SET "e""mail`s index" = NULL WHERE "i""d`'" IS NEW."i""d`'" AND NEW."e""mail`s index" IS OLD."e""mail`s index" AND (NEW."sec""ond`'" COLLATE BINARY IS NOT OLD."sec""ond`'" COLLATE BINARY OR typeof(NEW."sec""ond`'") <> typeof(OLD."sec""ond`'"));
END;
