//! The cryptographic primitives, each from a library. Only this file names a crypto crate.
#![expect(clippy::disallowed_types, reason = "this is that file")]

use std::cell::RefCell;
use std::sync::OnceLock;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use fernet::Fernet;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use rand::rngs::{StdRng, SysRng};
use rand::{Rng, SeedableRng, TryRng};
use sha2::Sha256;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::index_spec::DIGEST_LEN;

/// The length of a root key in bytes.
pub(crate) const ROOT_LEN: usize = 32;
/// The length of an AES-256-GCM-SIV nonce in bytes (RFC 8452, section 4).
pub(crate) const NONCE_LEN: usize = 12;
/// The length of an AES-256-GCM-SIV tag in bytes (RFC 8452, section 4).
pub(crate) const TAG_LEN: usize = 16;

/// 32 secret bytes from which the encryption and index keys are derived. They are boxed so that a
/// move leaves no copy behind.
#[derive(Clone)]
pub(crate) struct Root(Box<Zeroizing<[u8; ROOT_LEN]>>);

impl Root {
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Self> {
        let mut root = Box::new(Zeroizing::new([0; ROOT_LEN]));
        (bytes.len() == ROOT_LEN).then(|| root.copy_from_slice(bytes))?;
        Some(Self(root))
    }

    /// Generates a root with the operating system's random generator.
    pub(crate) fn generate() -> Result<Self> {
        let mut root = Box::new(Zeroizing::new([0; ROOT_LEN]));
        SysRng.try_fill_bytes(root.as_mut_slice()).map_err(|_| Error::NoRandomness)?;
        Ok(Self(root))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; ROOT_LEN] {
        &self.0
    }

    /// Returns the first `N` bytes of HKDF-SHA256(root, salt = none, info) (RFC 5869).
    pub(crate) fn derive<const N: usize>(&self, info: &str) -> Zeroizing<[u8; N]> {
        let mut out = Zeroizing::new([0; N]);
        hkdf(self.as_bytes(), None, info.as_bytes(), out.as_mut_slice())
            .expect("N is at most 32, far below 255 * 32");
        out
    }
}

/// Fills `out` with the first bytes of HKDF-SHA256(key, salt, info) (RFC 5869). Returns `None` if
/// `out` has more than 255 * 32 bytes.
fn hkdf(key: &[u8], salt: Option<&[u8]>, info: &[u8], out: &mut [u8]) -> Option<()> {
    Hkdf::<Sha256>::new(salt, key).expand(info, out).ok()
}

/// Compares bytes in a time that does not depend on where they differ.
pub(crate) fn are_equal(a: &[u8], b: &[u8]) -> bool {
    verify_slices_are_equal(a, b).is_ok()
}

/// A key for AES-256-GCM-SIV (RFC 8452). AWS-LC wipes the expanded key on drop.
pub(crate) struct AeadKey(LessSafeKey);

impl AeadKey {
    /// Derives the key HKDF-SHA256(root, info).
    pub(crate) fn derive(root: &Root, info: &str) -> Self {
        Self::new(&root.derive(info))
    }

    fn new(key: &[u8; ROOT_LEN]) -> Self {
        Self(LessSafeKey::new(
            UnboundKey::new(&AES_256_GCM_SIV, key).expect("the key has the algorithm's 32 bytes"),
        ))
    }

    /// Encrypts `data` in place and returns the tag.
    pub(crate) fn seal(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        data: &mut [u8],
    ) -> Result<[u8; TAG_LEN]> {
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(*nonce), Aad::from(aad), data)
            .map_err(|_| Error::UnsupportedValue { expected: "a plaintext of less than 64 GiB" })?;
        tag.as_ref().try_into().map_err(|_| Error::DecryptionFailed)
    }

    /// Authenticates and decrypts `data` in place. Data that is not authentic is overwritten with
    /// zeros.
    pub(crate) fn open(
        &self,
        nonce: &[u8; NONCE_LEN],
        aad: &[u8],
        data: &mut [u8],
        tag: &[u8],
    ) -> Result<()> {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0
            .open_in_place_separate_tag(nonce, Aad::from(aad), tag, data)
            .map(|_| ())
            .map_err(|_| Error::DecryptionFailed)
    }
}

/// A Fernet key (the Fernet specification, version 0x80). Its first half signs, its second half
/// encrypts.
///
/// The `fernet` crate decodes the key into memory that it frees without wiping. Therefore it gets
/// the key only with the first token. A key without tokens, like the data keys of most rows, leaves
/// no copy behind. The key is boxed so that a move leaves no copy behind either.
pub(crate) struct FernetKey {
    root: Root,
    fernet: OnceLock<Box<Fernet>>,
}

impl FernetKey {
    pub(crate) fn new(root: &Root) -> Result<Self> {
        // The crate draws its IVs from the operating system and panics if that fails. One request
        // here reports the failure as an error instead.
        SysRng.try_next_u32().map_err(|_| Error::NoRandomness)?;
        Ok(Self { root: root.clone(), fernet: OnceLock::new() })
    }

    fn fernet(&self) -> &Fernet {
        self.fernet.get_or_init(|| {
            let text = Zeroizing::new(to_base64_url_padded(self.root.as_bytes()));
            Box::new(Fernet::new(&text).expect("32 bytes in padded base64url are a Fernet key"))
        })
    }

    /// Returns a token with the current time. If the clock is set before 1970, the time is 1970.
    pub(crate) fn seal(&self, plaintext: &[u8]) -> String {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        self.fernet().encrypt_at_time(plaintext, now)
    }

    /// Opens a token of any date. Data at rest must stay readable regardless of the clock.
    pub(crate) fn open(&self, token: &str) -> Result<Vec<u8>> {
        let time = fernet_timestamp(token).ok_or(Error::DecryptionFailed)?;
        self.fernet().decrypt_at_time(token, None, time).map_err(|_| Error::DecryptionFailed)
    }
}

/// Returns the timestamp inside a Fernet token: bytes 1 to 8, big-endian. The crate adds 60 to it,
/// which must not overflow.
fn fernet_timestamp(token: &str) -> Option<u64> {
    let head = from_base64_url(token.get(..12)?)?;
    let time = u64::from_be_bytes(head.get(1..9)?.try_into().ok()?);
    (time <= u64::MAX / 2).then_some(time)
}

/// A key for HMAC-SHA256 (RFC 2104). Its two key blocks are hashed once, and the state is kept.
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    /// Derives the key HKDF-SHA256(root, info).
    pub(crate) fn derive(root: &Root, info: &str) -> Self {
        Self::new(root.derive::<ROOT_LEN>(info).as_slice())
    }

    fn new(key: &[u8]) -> Self {
        Self(Hmac::new_from_slice(key).expect("HMAC accepts keys of any length"))
    }

    /// Returns the HMAC-SHA256 of the concatenated parts.
    pub(crate) fn digest(&self, parts: &[&[u8]]) -> [u8; DIGEST_LEN] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

thread_local! {
    static NONCES: RefCell<Option<Seeded>> = const { RefCell::new(None) };
}

/// A ChaCha generator and the number of nonces left before the operating system reseeds it.
struct Seeded {
    rng: StdRng,
    left: u32,
}

/// Returns a random nonce from a thread-local CSPRNG of the `rand` crate, reseeded every 4,096
/// nonces. `rand::rng()` would do the same, but panics if the operating system cannot provide a
/// seed. Here, this is an error.
pub(crate) fn nonce() -> Result<[u8; NONCE_LEN]> {
    NONCES
        .try_with(|cell| {
            let mut slot = cell.try_borrow_mut().ok()?;
            if slot.as_ref().is_none_or(|seeded| seeded.left == 0) {
                *slot = Some(Seeded { rng: StdRng::try_from_rng(&mut SysRng).ok()?, left: 4096 });
            }
            let seeded = slot.as_mut()?;
            seeded.left -= 1;
            // For this few bytes, two words take half the time of `fill_bytes`.
            let mut nonce = [0; NONCE_LEN];
            nonce[..8].copy_from_slice(&seeded.rng.next_u64().to_le_bytes());
            nonce[8..].copy_from_slice(&seeded.rng.next_u32().to_le_bytes());
            Some(nonce)
        })
        .ok()
        .flatten()
        .ok_or(Error::NoRandomness)
}

/// Canonical base64url without padding: no `=`, and all spare bits are zero.
const URL_STRICT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);
const URL_LENIENT: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);
const STANDARD_LENIENT: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// Appends canonical base64url without padding.
pub(crate) fn push_base64_url(bytes: &[u8], out: &mut String) {
    URL_STRICT.encode_string(bytes, out);
}

/// Decodes canonical base64url without padding. Returns `None` for anything else.
pub(crate) fn from_base64_url(text: &str) -> Option<Vec<u8>> {
    URL_STRICT.decode(text).ok()
}

/// Encodes as base64url with padding, the encoding of Fernet keys.
pub(crate) fn to_base64_url_padded(bytes: &[u8]) -> String {
    URL_LENIENT.encode(bytes)
}

/// Encodes as base64 in the standard alphabet with padding, the encoding of KMS blobs.
pub(crate) fn to_base64(bytes: &[u8]) -> String {
    STANDARD_LENIENT.encode(bytes)
}

/// Decodes base64 in either alphabet, with or without padding. White space is ignored.
pub(crate) fn from_base64_any(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut compact = Zeroizing::new(String::with_capacity(text.len()));
    compact.extend(text.chars().filter(|c| !c.is_ascii_whitespace()));
    let engine = if compact.contains(['-', '_']) { URL_LENIENT } else { STANDARD_LENIENT };
    let mut bytes = Zeroizing::new(Vec::with_capacity(compact.len()));
    match engine.decode_vec(compact.as_bytes(), &mut bytes) {
        Ok(()) => Some(bytes),
        Err(_) => {
            bytes.zeroize();
            None
        }
    }
}

/// Returns the SHA-256 (FIPS 180-4) in 64 hexadecimal digits, to compare a table with a digest
/// computed elsewhere.
#[cfg(test)]
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    <Sha256 as sha2::Digest>::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod wycheproof;

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len() / 2)
            .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap())
            .collect()
    }

    // RFC 8452, appendix C.2: the vectors with 8 bytes of plaintext, without AAD and with one byte
    // of AAD.
    #[test]
    fn aes_256_gcm_siv_gives_the_vectors_of_rfc_8452() {
        let mut key = [0; 32];
        key[0] = 1;
        let key = AeadKey::new(&key);
        let mut nonce = [0; NONCE_LEN];
        nonce[0] = 3;
        let cases: [(&[u8], &str, &str); 2] = [
            (b"", "0100000000000000", "c2ef328e5c71c83b843122130f7364b761e0b97427e3df28"),
            (b"\x01", "0200000000000000", "1de22967237a813291213f267e3b452f02d01ae33e4ec854"),
        ];
        for (aad, plaintext, sealed) in cases {
            let mut data = hex(plaintext);
            let tag = key.seal(&nonce, aad, &mut data).unwrap();
            assert_eq!([&data[..], &tag].concat(), hex(sealed));
            key.open(&nonce, aad, &mut data, &tag).unwrap();
            assert_eq!(data, hex(plaintext));
        }
    }

    // RFC 4231, test case 2, and RFC 5869, test case 3 (no salt, no info).
    #[test]
    fn hmac_and_hkdf_give_the_vectors_of_their_rfcs() {
        let mac = MacKey::new(b"Jefe");
        let expected = hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        assert_eq!(mac.digest(&[b"what do ya want ", b"for nothing?"])[..], expected);

        let mut out = [0; 42];
        hkdf(&[0x0b; 22], None, b"", &mut out).unwrap();
        assert_eq!(
            out[..],
            hex(
                "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"
            )
        );
    }

    #[test]
    fn nonces_differ_also_across_a_reseed() {
        let nonces: std::collections::HashSet<_> = (0..10_000).map(|_| nonce().unwrap()).collect();
        assert_eq!(nonces.len(), 10_000);
    }

    #[test]
    fn the_generator_is_seeded_again_after_4096_nonces() {
        let known = || StdRng::from_seed([7; 32]);
        let set = |left| NONCES.set(Some(Seeded { rng: known(), left }));
        let left = || NONCES.with_borrow(|seeded| seeded.as_ref().map(|seeded| seeded.left));
        let mut expected = [[0; NONCE_LEN]; 2];
        let mut rng = known();
        for nonce in &mut expected {
            nonce[..8].copy_from_slice(&rng.next_u64().to_le_bytes());
            nonce[8..].copy_from_slice(&rng.next_u32().to_le_bytes());
        }

        set(2);
        assert_eq!([nonce().unwrap(), nonce().unwrap()], expected);
        assert_eq!(left(), Some(0));
        set(1);
        assert_eq!(nonce().unwrap(), expected[0]);
        assert_ne!(nonce().unwrap(), expected[1]);
        assert_eq!(left(), Some(4095));
    }

    #[test]
    fn a_token_has_a_date_that_can_be_checked() {
        let token = |time: u64| {
            let head = [&[0x80][..], &time.to_be_bytes()].concat();
            let mut text = String::new();
            push_base64_url(&head, &mut text);
            text
        };
        for time in [0, 1, 4_000_000_000, u64::MAX / 2] {
            assert_eq!(fernet_timestamp(&token(time)), Some(time));
        }
        assert_eq!(fernet_timestamp(&token(u64::MAX / 2 + 1)), None);
        assert_eq!(fernet_timestamp(&token(0)[..11]), None);
    }

    #[test]
    fn a_token_is_dated_today() {
        let key = FernetKey::new(&Root::generate().unwrap()).unwrap();
        let now = || std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
        let (before, token, after) = (now(), key.seal(b"bobby"), now());
        assert!((before..=after).contains(&fernet_timestamp(&token).unwrap()));
        assert_eq!(key.open(&token), Ok(b"bobby".to_vec()));
    }

    #[test]
    fn base64url_is_canonical() {
        assert_eq!(from_base64_url("AQ"), Some(vec![1]));
        for bad in ["AQ==", "AR", "A Q", "AQ\n", "A+", "A"] {
            assert_eq!(from_base64_url(bad), None, "{bad:?}");
        }
        assert_eq!(
            from_base64_any("+/8=").map(|b| b.to_vec()),
            from_base64_any("-_8").map(|b| b.to_vec())
        );
    }
}
