-- row: or"der`s'; -- (e"mail`s'): refuses an UPDATE of the key of a row that leaves a value bound to that key.
-- Run it before any program writes values that are bound to their row.
CREATE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_row_key"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope_1$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = 'or"der`s''; --.e"mail`s'' is bound to its row: an UPDATE of $diesel_envelope$ i"d`'' must write e"mail`s'' too';
END
$diesel_envelope_1$;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_row_key" BEFORE UPDATE ON "or""der`s'; --"
    FOR EACH ROW WHEN (
        NEW."e""mail`s'" = OLD."e""mail`s'"
        AND (NEW."$diesel_envelope$ i""d`'"::text COLLATE "C" IS DISTINCT FROM OLD."$diesel_envelope$ i""d`'"::text COLLATE "C")
    )
    EXECUTE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_row_key"();
