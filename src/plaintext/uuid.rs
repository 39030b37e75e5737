//! UUIDs: 36 bytes in lower case with hyphens (RFC 9562, section 4).

use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Encoded, NotWiped, Plaintext, ValueType, canonical};
use crate::error::Result;

impl Plaintext for Uuid {
    type Holder = NotWiped<Self>;
    const VALUE_TYPE: ValueType = ValueType::Uuid;

    fn encode(&self) -> Result<Encoded<'_>> {
        Encoded::display(&self.hyphenated())
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        let write = |value: &Self| Encoded::display(&value.hyphenated());
        canonical(
            "a UUID in lower case with hyphens",
            &bytes,
            |text| Self::try_parse(text).ok(),
            write,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_is_lower_case_with_hyphens_and_nothing_else_is_read() {
        let text = "67e55044-10b1-426f-9247-bb680e5fe0c8";
        let read = |text: &str| Uuid::decode(Zeroizing::new(text.as_bytes().to_vec()));
        assert_eq!(*read(text).unwrap().encode().unwrap(), *text.as_bytes());
        for bad in [
            text.to_uppercase(),
            text.replace('-', ""),
            format!("{{{text}}}"),
            format!("urn:uuid:{text}"),
        ] {
            assert!(read(&bad).is_err(), "{bad}");
        }
    }
}
