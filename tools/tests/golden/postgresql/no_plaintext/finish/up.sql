-- finish: users (email): from here on there is no plaintext.
-- To be run after backfill and verify, when no program writes the plaintext any more. It fails, and changes nothing, where a plaintext is left.
-- Indexes over a plaintext column go with it. PostgreSQL keeps its bytes in the rows until the table is rewritten:
-- at a quiet hour, run VACUUM FULL, or pg_repack beside its readers and writers.
DO $diesel_envelope$
BEGIN
    LOCK TABLE "users" IN ACCESS EXCLUSIVE MODE;
END
$diesel_envelope$;
