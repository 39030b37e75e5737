-- shadow: or"der`s'; -- (e"mail`s', n"ote`'): adds second columns for blind indexes whose key rotates.
-- Run it before a program writes under the new index key.
-- Then deploy the program that writes both columns, and run rotate.
ALTER TABLE "or""der`s'; --"
    ADD COLUMN "sec""ond`'" BLOB CHECK ("sec""ond`'" IS NULL OR typeof("sec""ond`'") = 'blob' AND length("sec""ond`'") = 32);
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_shadow" AFTER UPDATE OF "e""mail`s index" ON "or""der`s'; --"
WHEN (NEW."e""mail`s index" COLLATE BINARY IS NOT OLD."e""mail`s index" COLLATE BINARY OR typeof(NEW."e""mail`s index") <> typeof(OLD."e""mail`s index"))
BEGIN
    UPDATE "or""der`s'; --" SET "sec""ond`'" = NULL WHERE "i""d`'" IS NEW."i""d`'" AND NEW."sec""ond`'" IS OLD."sec""ond`'" AND (NEW."e""mail`s index" COLLATE BINARY IS NOT OLD."e""mail`s index" COLLATE BINARY OR typeof(NEW."e""mail`s index") <> typeof(OLD."e""mail`s index"));
END;
