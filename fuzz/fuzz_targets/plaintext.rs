#![cfg_attr(fuzzing, no_main)]
diesel_envelope_fuzz::target!(plaintext);
