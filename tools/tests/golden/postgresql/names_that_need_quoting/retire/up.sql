-- retire: or"der`s'; -- (e"mail`s', n"ote`'): the first index columns go.
-- To be run when no program reads or writes them any more.
DROP TRIGGER "or""der`s'; --_e""mail`s'_diesel_envelope_first" ON "or""der`s'; --";
DROP FUNCTION "or""der`s'; --_e""mail`s'_diesel_envelope_first"();
ALTER TABLE "or""der`s'; --"
    DROP COLUMN "e""mail`s index";
