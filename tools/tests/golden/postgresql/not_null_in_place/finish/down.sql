-- Adds the plaintext columns again, without values: a migration cannot decrypt.
ALTER TABLE "users"
    ALTER COLUMN "note_index" DROP NOT NULL,
    ALTER COLUMN "note" TYPE text COLLATE "utf8mb4_general_ci";
CREATE FUNCTION "users_note_diesel_envelope_backfill"() RETURNS trigger LANGUAGE plpgsql AS $diesel_envelope$
BEGIN
    IF NEW."note"::text COLLATE "C" IS DISTINCT FROM OLD."note"::text COLLATE "C"
        AND (octet_length((NEW."note"::text COLLATE "C")) >= 50 AND (
        octet_length((NEW."note"::text COLLATE "C")) % 4 = 0 AND (NEW."note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
        octet_length((NEW."note"::text COLLATE "C")) % 4 = 2 AND (NEW."note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AQgw]$' OR
        octet_length((NEW."note"::text COLLATE "C")) % 4 = 3 AND (NEW."note"::text COLLATE "C") ~ '^de1[.]o[Q-Za-f][A-Za-z0-9_-]+[AEIMQUYcgkosw048]$'
    )
    OR octet_length((NEW."note"::text COLLATE "C")) >= 100 AND (
        octet_length((NEW."note"::text COLLATE "C")) % 64 = 12 AND (NEW."note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[A-Za-z0-9_-]$' OR
        octet_length((NEW."note"::text COLLATE "C")) % 64 = 36 AND (NEW."note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AQgw]==$' OR
        octet_length((NEW."note"::text COLLATE "C")) % 64 = 56 AND (NEW."note"::text COLLATE "C") ~ '^gAAAAA[A-Za-z0-9_-]+[AEIMQUYcgkosw048]=$'
    )) IS NOT TRUE THEN
        NEW."note_index" := NULL;
    END IF;
    RETURN NEW;
END
$diesel_envelope$;
CREATE TRIGGER "users_note_diesel_envelope_backfill" BEFORE UPDATE ON "users"
    FOR EACH ROW EXECUTE FUNCTION "users_note_diesel_envelope_backfill"();
