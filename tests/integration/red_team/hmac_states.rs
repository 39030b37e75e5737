//! The two states of SHA-256 that an HMAC keeps in the place of its key.

use sha2::block_api::compress256;

/// The length of a block of SHA-256 in bytes (FIPS 180-4, section 1).
const BLOCK: usize = 64;
/// The initial state (FIPS 180-4, section 5.3.3).
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];
/// The bytes that are added to the key for the inner and the outer hash (RFC 2104, section 2).
const PADS: [u8; 2] = [0x36, 0x5c];

/// Returns the inner and the outer state of HMAC-SHA256 under a key of at most one block, as they
/// are in memory.
pub fn of(key: &[u8]) -> [Vec<u8>; 2] {
    states(key).map(|state| state.map(u32::to_ne_bytes).concat())
}

fn states(key: &[u8]) -> [[u32; 8]; 2] {
    PADS.map(|pad| {
        let mut block = [pad; BLOCK];
        for (byte, key) in block.iter_mut().zip(key) {
            *byte ^= key;
        }
        let mut state = INITIAL;
        compress256(&mut state, &[block]);
        state
    })
}

/// Test case 2 of RFC 4231, section 4.3.
#[test]
fn the_states_compute_the_hmac() {
    let last_block = |message: &[u8]| {
        let mut block = [0; BLOCK];
        block[..message.len()].copy_from_slice(message);
        block[message.len()] = 0x80;
        let bits = 8 * (BLOCK + message.len()) as u64;
        block[BLOCK - 8..].copy_from_slice(&bits.to_be_bytes());
        block
    };
    let [mut inner, mut outer] = states(b"Jefe");
    compress256(&mut inner, &[last_block(b"what do ya want for nothing?")]);
    compress256(&mut outer, &[last_block(&inner.map(u32::to_be_bytes).concat())]);
    let digest: String = outer.iter().map(|word| format!("{word:08x}")).collect();
    assert_eq!(digest, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}
