-- relax: or"der`s'; -- (e"mail`s', n"ote`'): allows NULL in the plaintext columns.
-- If a program writes only the ciphertext, a trigger sets the plaintext to NULL.
-- Run it when no program reads the plaintext, before you deploy a program that does not write it.
ALTER TABLE "or""der`s'; --"
    ALTER COLUMN "$diesel_envelope$ pla""in`'" DROP NOT NULL;
CREATE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_relax"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope_1$
BEGIN
    IF NEW."e""mail`s'" IS DISTINCT FROM OLD."e""mail`s'"
        AND NOT (NEW."$diesel_envelope$ pla""in`'"::text COLLATE "C" IS DISTINCT FROM OLD."$diesel_envelope$ pla""in`'"::text COLLATE "C") THEN
        NEW."$diesel_envelope$ pla""in`'" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope_1$;
CREATE TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_relax" BEFORE UPDATE ON "or""der`s'; --"
    FOR EACH ROW EXECUTE FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_relax"();
