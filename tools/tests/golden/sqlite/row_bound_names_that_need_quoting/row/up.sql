-- row: or"der`s'; -- (e"mail`s'): refuses an UPDATE of the key of a row that leaves a value bound to that key.
-- Run it before any program writes values that are bound to their row.
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_row_key" BEFORE UPDATE ON "or""der`s'; --"
WHEN NEW."e""mail`s'" IS NOT NULL AND NOT (NEW."e""mail`s'" COLLATE BINARY IS NOT OLD."e""mail`s'" COLLATE BINARY OR typeof(NEW."e""mail`s'") <> typeof(OLD."e""mail`s'"))
    AND ((NEW."$diesel_envelope$ i""d`'" COLLATE BINARY IS NOT OLD."$diesel_envelope$ i""d`'" COLLATE BINARY OR typeof(NEW."$diesel_envelope$ i""d`'") <> typeof(OLD."$diesel_envelope$ i""d`'")))
BEGIN
    SELECT RAISE(ABORT, 'or"der`s''; --.e"mail`s'' is bound to its row: an UPDATE of $diesel_envelope$ i"d`'' must write e"mail`s'' too');
END;
