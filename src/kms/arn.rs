//! The grammar of AWS resource names. Every name is checked where it enters: from the environment,
//! an argument, or an answer of KMS.
//!
//! ```text
//! arn:<partition>:kms:<region>:<account>:key/<id>
//! arn:<partition>:kms:<region>:<account>:alias/<name>
//! arn:<partition>:ssm:<region>:<account>:parameter/<path>[:<version or label>]
//! ```
//!
//! No part can contain a control character, white space, a comma or a quote. A name therefore
//! cannot forge a line or a further variable, and a region cannot forge a host.

/// The maximum length of a partition or region. The longest ones of AWS are half as long.
const PLACE_MAX: usize = 32;
/// The maximum length of a key id. A UUID and a multi-Region id (`mrk-…`) have 36 characters.
const KEY_ID_MAX: usize = 64;
/// The maximum length of an alias, including `alias/` (AWS KMS API reference, `CreateAlias`).
#[cfg(feature = "aws")]
const ALIAS_MAX: usize = 256;
/// The maximum length of a parameter name or ARN (AWS Systems Manager API reference,
/// `GetParameter`).
const PARAMETER_MAX: usize = 2048;

/// The parts of an ARN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Arn<'a> {
    partition: &'a str,
    pub(crate) region: &'a str,
    account: &'a str,
    resource: &'a str,
}

impl<'a> Arn<'a> {
    /// Parses the ARN of a KMS key, and refuses the ARN of an alias.
    pub(crate) fn of_key(text: &'a str) -> Option<Self> {
        Self::parse(text, "kms")
            .filter(|arn| arn.resource.strip_prefix("key/").is_some_and(is_key_id))
    }

    /// Parses the ARN of an SSM parameter.
    pub(crate) fn of_parameter(text: &'a str) -> Option<Self> {
        Self::parse(text, "ssm")
            .filter(|arn| arn.resource.strip_prefix("parameter").is_some_and(is_parameter))
    }

    /// Parses an ARN of this service, without checking its resource.
    fn parse(text: &'a str, service: &str) -> Option<Self> {
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let ["arn", partition, named, region, account, resource] = parts[..] else { return None };
        let is_place = |place: &str| {
            is_made_of(place, PLACE_MAX, |b| {
                b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'
            })
        };
        let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
        let sound = named == service && is_place(partition) && is_place(region) && is_account;
        sound.then_some(Self { partition, region, account, resource })
    }
}

/// The name by which a program refers to a KMS key.
#[cfg(feature = "aws")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyName<'a> {
    /// `arn:…:key/<id>`.
    Arn(Arn<'a>),
    /// `arn:…:alias/<name>`.
    AliasArn(Arn<'a>),
    /// `<id>`.
    Id(&'a str),
    /// `alias/<name>`.
    Alias,
}

#[cfg(feature = "aws")]
impl<'a> KeyName<'a> {
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        if text.starts_with("arn:") {
            let alias =
                || Arn::parse(text, "kms").filter(|arn| is_alias(arn.resource)).map(Self::AliasArn);
            return Arn::of_key(text).map(Self::Arn).or_else(alias);
        }
        if is_alias(text) { Some(Self::Alias) } else { is_key_id(text).then_some(Self::Id(text)) }
    }

    /// Returns the region in the name, if there is one.
    pub(crate) fn region(self) -> Option<&'a str> {
        match self {
            Self::Arn(arn) | Self::AliasArn(arn) => Some(arn.region),
            Self::Id(_) | Self::Alias => None,
        }
    }

    /// Returns whether the key that KMS used can be the named one, for a client in this region. An
    /// alias does not reveal the key id.
    pub(crate) fn can_be(self, used: Arn<'_>, region: Option<&str>) -> bool {
        let in_region = region.is_none_or(|region| region == used.region);
        match self {
            Self::Arn(arn) => arn == used,
            Self::AliasArn(arn) => arn == Arn { resource: arn.resource, ..used },
            Self::Id(id) => used.resource.strip_prefix("key/") == Some(id) && in_region,
            Self::Alias => in_region,
        }
    }
}

/// Returns whether the text is the name or the ARN of an SSM parameter.
pub(crate) fn is_parameter_name(text: &str) -> bool {
    if text.starts_with("arn:") { Arn::of_parameter(text).is_some() } else { is_parameter(text) }
}

fn is_key_id(text: &str) -> bool {
    is_made_of(text, KEY_ID_MAX, |b| b.is_ascii_alphanumeric() || b == b'-')
}

#[cfg(feature = "aws")]
fn is_alias(text: &str) -> bool {
    let is_name = |name| {
        is_made_of(name, ALIAS_MAX - "alias/".len(), |b| {
            b.is_ascii_alphanumeric() || b"/_-".contains(&b)
        })
    };
    text.strip_prefix("alias/").is_some_and(is_name)
}

/// Accepts a path with an optional version or label. A parameter that refers to a secret has more
/// characters in its path.
fn is_parameter(text: &str) -> bool {
    let (path, selector) = text.split_once(':').unwrap_or((text, "latest"));
    is_made_of(path, PARAMETER_MAX, |b| b.is_ascii_alphanumeric() || b"/_.-+=@".contains(&b))
        && is_made_of(selector, 100, |b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

fn is_made_of(text: &str, most: usize, allowed: impl Fn(u8) -> bool) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "1234abcd-12ab-34cd-56ef-1234567890ab";
    const ARN: &str =
        "arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    /// Characters that an attacker writes into a part of a name.
    const HOSTILE: [&str; 10] = ["\n", "\r", "\0", "\u{1b}", "\u{202e}", " ", ",", "\"", "'", "é"];

    #[test]
    fn the_arn_of_a_key_has_one_grammar() {
        for sound in [
            ARN,
            &ARN.replace(ID, "mrk-1234abcd12ab34cd56ef1234567890ab"),
            &ARN.replace("arn:aws:", "arn:aws-us-gov:").replace("eu-central-1", "us-gov-west-1"),
            &ARN.replace("arn:aws:", "arn:aws-cn:").replace("eu-central-1", "cn-north-1"),
        ] {
            assert!(Arn::of_key(sound).is_some(), "{sound}");
        }
        for bad in [
            "",
            ID,
            "alias/app",
            &ARN.replace("key/", "alias/"),
            &ARN.replace("key/", ""),
            &ARN.replace(ID, ""),
            &ARN.replace(ID, &"a".repeat(65)),
            &ARN.replace("key/", "alias/x:key/"),
            &ARN.replace("kms", "ssm"),
            &ARN.replace("eu-central-1", ""),
            &ARN.replace("eu-central-1", "evil.example/#"),
            &ARN.replace("eu-central-1", &"a".repeat(33)),
            &ARN.replace(":aws:", "::"),
            &ARN.replace("123456789012", "12345678901"),
            &ARN.replace("123456789012", "12345678901x"),
            &format!("{ARN}/x"),
            &format!("{ARN}:QUFB\nLD_PRELOAD=evil.so\nX="),
            &format!(" {ARN}"),
        ] {
            assert!(Arn::of_key(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn no_name_holds_what_acts_on_a_line() {
        for hostile in HOSTILE {
            for at in 0..=ARN.len() {
                let (before, after) = ARN.split_at(at);
                let text = format!("{before}{hostile}{after}");
                assert!(Arn::of_key(&text).is_none() && !is_parameter_name(&text), "{text:?}");
            }
            for text in
                [format!("/app{hostile}"), format!("/app:{hostile}"), format!("{hostile}/app:3")]
            {
                assert!(!is_parameter_name(&text), "{text:?}");
            }
        }
    }

    #[test]
    fn a_parameter_has_a_name_or_an_arn_and_a_version() {
        let arn = "arn:aws:ssm:eu-north-1:123456789012:parameter/app/secret-key";
        for sound in
            ["/app/secret-key", "app.secret_KEY", "/app:3", "/app:live", arn, &format!("{arn}:3")]
        {
            assert!(is_parameter_name(sound), "{sound}");
        }
        assert_eq!(Arn::of_parameter(arn).map(|arn| arn.region), Some("eu-north-1"));
        for bad in [
            "",
            ":3",
            "/app:",
            "/app:3:4",
            ARN,
            &arn.replace("parameter", ""),
            &arn.replace("eu-north-1", "a/b"),
            &"a".repeat(2049),
        ] {
            assert!(!is_parameter_name(bad), "{bad}");
        }
    }

    #[cfg(feature = "aws")]
    #[test]
    fn what_a_name_tells_of_its_key_is_compared() {
        let used = Arn::of_key(ARN).unwrap();
        let alias = ARN.replace(&format!("key/{ID}"), "alias/team/app_1");
        let can_be = |name: &str, region| KeyName::parse(name).unwrap().can_be(used, Some(region));
        for name in [ARN, &alias, ID, "alias/app"] {
            assert!(can_be(name, "eu-central-1"), "{name}");
        }
        for name in [
            &ARN.replace("1234abcd", "dcba4321"),
            &ARN.replace("eu-central-1", "eu-west-1"),
            &ARN.replace("123456789012", "210987654321"),
            &alias.replace("eu-central-1", "eu-west-1"),
            &alias.replace("123456789012", "210987654321"),
            &alias.replace(":aws:", ":aws-cn:"),
            "1234abcd",
        ] {
            assert!(!can_be(name, "eu-central-1"), "{name}");
        }
        assert!(
            !can_be(ID, "eu-west-1") && !can_be("alias/app", "eu-west-1"),
            "a key of another region"
        );
        assert_eq!(KeyName::parse(&alias).and_then(KeyName::region), Some("eu-central-1"));
        for bad in [
            "",
            "alias/",
            "alias/a b",
            "alias/a\nb",
            "key/1",
            "arn:aws:kms",
            "arn:aws:kms:x:1:key/2",
            &alias.replace("team", "te:am"),
        ] {
            assert_eq!(KeyName::parse(bad), None, "{bad}");
        }
    }
}
