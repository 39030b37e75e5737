//! diesel-envelope with the FIPS module of AWS-LC. See docs/fips.md.
//!
//! ```sh
//! cargo test --manifest-path tests/fips/Cargo.toml
//! ```

#[cfg(test)]
mod tests {
    use diesel_envelope::{Keyring, Unbound};

    /// Key 1 of tests/vectors, in a document of its own.
    const KEYRING: &str = r#"{"version": 1, "primary": "d8385b76", "keys": [{"id": "d8385b76",
        "algorithm": "AES-256-GCM-SIV", "key": "4hH9ActBBrFNmwjfBvyGXy6zQ-qUEGCgImWaZ_9zOyw",
        "created": "2026-11-23"}], "index_primary": null, "index_keys": []}"#;
    /// The value "one byte, unbound, padded to 1, key 1" of tests/vectors/values.json.
    const TEXT: &str = "de1.oQDYOFt2If37iMfpuUdTr2b7XcPmBt46oo5sKSMKvK9cS7I";

    #[test]
    fn the_module_is_on() {
        aws_lc_rs::try_fips_mode().unwrap();
    }

    #[test]
    fn values_have_the_same_bytes_as_without_it() {
        let keyring = Keyring::parse(KEYRING.as_bytes()).unwrap();
        assert_eq!(keyring.decrypt_text::<String, Unbound>(TEXT).unwrap(), "a");
        let again = keyring.encrypt_text::<_, Unbound>(&"a".to_owned()).unwrap();
        assert_eq!((&again[..12], again.len()), (&TEXT[..12], TEXT.len()));
        assert_eq!(keyring.decrypt_text::<String, Unbound>(&again).unwrap(), "a");
    }
}
