//! JSON: compact, UTF-8 (RFC 8259). Object keys are in the order in which serde writes them.

use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::{Encoded, NotWiped, Plaintext, ValueType, invalid};
use crate::error::{Error, Result};

/// A value of any serde type, stored as compact JSON.
///
/// JSON has no `NaN` and no infinities. Serde writes `null` for them, which an `f64` cannot read.
/// More than 127 levels of nesting are refused on writing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Json<T>(pub T);

impl<T> std::fmt::Debug for Json<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Json([redacted])")
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Plaintext for Json<T> {
    type Holder = NotWiped<Self>;
    const VALUE_TYPE: ValueType = ValueType::Json;

    fn encode(&self) -> Result<Encoded<'_>> {
        write(&self.0)
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        read(&bytes).map(Self)
    }
}

impl Plaintext for serde_json::Value {
    type Holder = NotWiped<Self>;
    const VALUE_TYPE: ValueType = ValueType::Json;

    fn encode(&self) -> Result<Encoded<'_>> {
        write(self)
    }

    fn decode(bytes: Zeroizing<Vec<u8>>) -> Result<Self> {
        read(&bytes)
    }
}

/// Encodes a value as JSON. The value is written twice, first to measure the length: a buffer that
/// has to grow would leave a copy behind. A value nested too deeply is refused, because it could be
/// written but never read.
fn write(value: &impl Serialize) -> Result<Encoded<'static>> {
    let unsupported = |_| Error::UnsupportedValue { expected: "JSON" };
    let mut length = Length(0);
    serde_json::to_writer(&mut length, value).map_err(unsupported)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(length.0));
    serde_json::to_writer(&mut *bytes, value).map_err(unsupported)?;
    if depth(&bytes) > MAX_LEVELS {
        return Err(Error::UnsupportedValue { expected: "JSON of at most 127 levels" });
    }
    Ok(Encoded::Owned(bytes))
}

/// The maximum number of nested arrays and objects that serde_json reads. It writes any number.
const MAX_LEVELS: usize = 127;

/// Returns the number of nested levels of arrays and objects in compact JSON.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|_| invalid("JSON of the expected type", bytes))
}

struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_compact_and_read_back() {
        let value = serde_json::json!({"a": [1, "é"], "b": null});
        assert_eq!(*value.encode().unwrap(), *r#"{"a":[1,"é"],"b":null}"#.as_bytes());
        let held = Json(vec![(1, "x".to_owned())]);
        assert_eq!(*held.encode().unwrap(), *br#"[[1,"x"]]"#);
        assert_eq!(Json::decode(Zeroizing::new(held.encode().unwrap().to_vec())), Ok(held));
        let nested = |levels| {
            (0..levels).fold(serde_json::json!("[[\"[["), |inner, _| serde_json::json!([inner]))
        };
        let written = |value: &serde_json::Value| {
            value.encode().map(|encoded| Zeroizing::new(encoded.to_vec()))
        };
        assert!(serde_json::Value::decode(written(&nested(127)).unwrap()).is_ok());
        assert_eq!(
            written(&nested(128)),
            Err(Error::UnsupportedValue { expected: "JSON of at most 127 levels" })
        );
        assert!(Json::<Vec<u8>>::decode(Zeroizing::new(b"[300]".to_vec())).is_err());
        let read = serde_json::Value::decode(Zeroizing::new(br#"{"a":[1]}"#.to_vec()));
        assert_eq!(read, Ok(serde_json::json!({"a": [1]})));
        assert_eq!(format!("{:?}", Json("bobby")), "Json([redacted])");
    }

    #[test]
    fn levels_are_counted_outside_of_strings() {
        for (json, levels) in [
            ("1", 0),
            ("[]", 1),
            ("[[],[[]],[]]", 3),
            (r#"{"a":{"b":[]}}"#, 3),
            (r#"["[[","]]",[]]"#, 2),
            (r#"["]",[[]]]"#, 3),
            (r#"["\"[[",{}]"#, 2),
            (r#"["\\",[[]]]"#, 3),
            (r#"["\\\"[[["]"#, 1),
            (r#"[[1],[2],[3]]"#, 2),
        ] {
            assert_eq!(depth(json.as_bytes()), levels, "{json}");
        }
    }

    #[test]
    fn json_is_measured_before_it_is_written() {
        let mut length = Length(0);
        assert_eq!(length.write(b"abc").unwrap() + length.write(b"de").unwrap(), 5);
        length.flush().unwrap();
        assert_eq!(length.0, 5);
        let encoded = write(&["bobby"; 9]).unwrap();
        let Encoded::Owned(json) = encoded else { panic!("is owned") };
        assert_eq!((json.len(), json.capacity()), (73, 73));
    }

    #[test]
    fn a_fraction_is_read_exactly() {
        // A reader that rounds twice reads the neighbour of this number.
        let held = Json(f64::from(f32::MAX));
        assert_eq!(*held.encode().unwrap(), *b"3.4028234663852886e+38");
        assert_eq!(Json::decode(Zeroizing::new(held.encode().unwrap().to_vec())), Ok(held));
    }
}
