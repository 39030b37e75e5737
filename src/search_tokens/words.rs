//! The words of a text.
//!
//! The steps are:
//!
//! 1. Fold the text as [`caseless`](crate::blind_index::normalize::caseless) does.
//! 2. Find its words by the rules of UAX #29, section 4 (Unicode 17.0, the crate
//!    `unicode-segmentation` in one fixed version).
//! 3. Cut the words at joiners: apostrophes, hyphens and a few more ([`is_joiner`]).
//! 4. Parts with nothing or one joiner between them are a compound: `smith-jones`, `o'brien`, `東京`.
//!
//! Each part is a word. A compound with joiners is a word as well, without its joiners:
//! `smithjones`, `obrien`. The beginnings are those of each part, continued without joiners to the
//! end of its compound.
//!
//! These rules are frozen, because a stored token cannot be computed again without its value. A test
//! compares a digest of their results.

use unicode_segmentation::UnicodeSegmentation;
use zeroize::{Zeroize, Zeroizing};

use crate::blind_index::normalize;

/// Returns whether the character joins two parts of a compound: every character that UAX #29 keeps
/// inside a word although it is no letter and no digit (the classes MidLetter, MidNum, MidNumLet,
/// ExtendNumLet, Single_Quote and Double_Quote), and hyphens and a few others.
fn is_joiner(c: char) -> bool {
    matches!(
        c,
        // Apostrophes, and letters and marks that are typed as one.
        '\'' | '`' | '\u{B4}' | '\u{2BB}' | '\u{2BC}' | '\u{2018}' | '\u{2019}' | '\u{FF07}'
        // Hyphens, dashes and the minus sign.
        | '-' | '\u{AD}' | '\u{2010}'..='\u{2013}' | '\u{2212}' | '\u{FE63}' | '\u{FF0D}'
        // Full stops, commas, colons and semicolons.
        | '.' | ',' | ':' | ';' | '\u{55F}' | '\u{589}' | '\u{60C}' | '\u{60D}' | '\u{66C}' | '\u{7F8}'
        | '\u{2024}' | '\u{FE10}' | '\u{FE13}' | '\u{FE14}' | '\u{FE50}' | '\u{FE52}' | '\u{FE54}'
        | '\u{FE55}' | '\u{FF0C}' | '\u{FF0E}' | '\u{FF1A}' | '\u{FF1B}'
        // Middle dots, the quotation mark and the Hebrew marks that are typed as one.
        | '\u{B7}' | '\u{2027}' | '"' | '\u{5F3}' | '\u{5F4}'
        // Underscores, the narrow no-break space, solidi, ampersand, commercial at and plus.
        | '_' | '\u{202F}' | '\u{203F}' | '\u{2040}' | '\u{2054}' | '\u{FE33}' | '\u{FE34}'
        | '\u{FE4D}'..='\u{FE4F}' | '\u{FF3F}' | '/' | '\u{2044}' | '&' | '@' | '+'
    )
}

/// The words of a text, folded. They are wiped on drop.
pub(super) struct Words(Vec<Compound>);

/// Parts with nothing or one joiner between them.
pub(super) struct Compound {
    /// The parts without joiners.
    text: Zeroizing<String>,
    /// The position of each part in the text.
    starts: Vec<usize>,
    is_joined: bool,
}

impl Words {
    pub(super) fn of(text: &str) -> Self {
        let mut folded = normalize::caseless(text);
        let words = Self(compounds(&String::from_utf8_lossy(&folded)));
        if let std::borrow::Cow::Owned(bytes) = &mut folded {
            bytes.zeroize();
        }
        words
    }

    pub(super) fn compounds(&self) -> &[Compound] {
        &self.0
    }

    /// Returns all parts, as they are looked up.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(Compound::parts)
    }

    /// Returns all words, as they are stored.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        let joined = self.0.iter().filter(|compound| compound.is_joined);
        self.parts().chain(joined.map(Compound::text))
    }

    /// Returns whether a word is one of those that are stored.
    pub(super) fn contains(&self, looked_up: &str) -> bool {
        self.words().any(|word| word == looked_up)
    }

    /// Returns the texts whose beginnings are found: each part, continued to the end of its
    /// compound.
    pub(super) fn tails(&self) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .flat_map(|compound| compound.starts.iter().map(|&start| &compound.text[start..]))
    }
}

impl Compound {
    /// Joins parts, of which there is at least one. Each has its position.
    fn of(parts: &[(usize, &str)]) -> Self {
        // A buffer that grows would leave a copy behind.
        let length = parts.iter().map(|(_, part)| part.len()).sum();
        let mut text = Zeroizing::new(String::with_capacity(length));
        let mut starts = Vec::with_capacity(parts.len());
        let mut is_joined = false;
        for (at, part) in parts {
            // The distance from the first part, which grows by the joiners.
            is_joined |= at - parts[0].0 > text.len();
            starts.push(text.len());
            text.push_str(part);
        }
        Self { text, starts, is_joined }
    }

    /// Returns the parts without joiners.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        let ends = self.starts.iter().skip(1).copied().chain([self.text.len()]);
        self.starts.iter().zip(ends).map(|(&start, end)| &self.text[start..end])
    }
}

/// Returns the beginnings of a text of the given lengths in characters: the shortest and the
/// longest.
pub(super) fn beginnings(
    text: &str,
    (shortest, longest): (usize, usize),
) -> impl Iterator<Item = &str> {
    let ends = text.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.take(longest).skip(shortest - 1).map(|end| &text[..end])
}

fn compounds(folded: &str) -> Vec<Compound> {
    let parts: Vec<_> = parts(folded).collect();
    let compounds = parts.chunk_by(|&(start, part), &(next, _)| {
        let mut between = folded[start + part.len()..next].chars();
        between.next().is_none_or(is_joiner) && between.next().is_none()
    });
    compounds.map(Compound::of).collect()
}

/// Returns the words between joiners, each with its position.
fn parts(folded: &str) -> impl Iterator<Item = (usize, &str)> {
    let words = folded.unicode_word_indices();
    let pieces = words.flat_map(|(at, word)| {
        let joiners = word.match_indices(is_joiner).chain([(word.len(), "")]);
        joiners.scan(0, move |start, (end, joiner)| {
            let piece = (at + *start, &word[*start..end]);
            *start = end + joiner.len();
            Some(piece)
        })
    });
    // After a joiner, a piece may begin with a mark. It is cut once more, so that a part alone is cut
    // to itself.
    pieces.flat_map(|(at, piece)| {
        piece.unicode_word_indices().map(move |(place, part)| (at + place, part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::sha256_hex;

    fn words(text: &str) -> Vec<String> {
        Words::of(text).words().map(str::to_owned).collect()
    }

    fn tails(text: &str) -> Vec<String> {
        Words::of(text).tails().map(str::to_owned).collect()
    }

    #[test]
    fn words_are_cut_as_people_type_them() {
        for (text, expected) in [
            ("Smith", &["smith"][..]),
            ("Anna Smith-Jones", &["anna", "smith", "jones", "smithjones"]),
            ("O\u{2019}Brien", &["o", "brien", "obrien"]),
            ("O'BRIEN", &["o", "brien", "obrien"]),
            ("Mu\u{308}ller", &["m\u{fc}ller"]),
            ("Stra\u{df}e 5", &["strasse", "5"]),
            ("\u{6771}\u{4eac}", &["\u{6771}", "\u{4eac}"]),
            ("bobby@example.org", &["bobby", "example", "org", "bobbyexampleorg"]),
            ("\u{5e6}\u{5d4}\"\u{5dc}", &["\u{5e6}\u{5d4}", "\u{5dc}", "\u{5e6}\u{5d4}\u{5dc}"]),
            ("Smith - Jones", &["smith", "jones"]),
            ("Smith--Jones", &["smith", "jones"]),
            ("1,000.5", &["1", "000", "5", "10005"]),
            ("\u{65b0}7:\u{627}", &["\u{65b0}", "7", "\u{627}", "\u{65b0}7\u{627}"]),
            // The last word of the line before, typed: it is cut elsewhere.
            ("\u{65b0}7\u{627}", &["\u{65b0}", "7\u{627}"]),
            ("Room 1,2 a:b", &["room", "1", "2", "a", "b", "12", "ab"]),
            ("_a__b_", &["a", "b"]),
            ("\u{1F600} -' ", &[]),
            ("", &[]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn beginnings_go_on_to_the_end_of_a_compound() {
        for (text, expected) in [
            ("Jean-Pierre Dupont", &["jeanpierre", "pierre", "dupont"][..]),
            (
                "\u{6771}\u{4eac}\u{90fd}",
                &["\u{6771}\u{4eac}\u{90fd}", "\u{4eac}\u{90fd}", "\u{90fd}"],
            ),
        ] {
            assert_eq!(tails(text), expected, "{text}");
        }
    }

    /// A lookup cuts every text that a user types, however long.
    #[test]
    fn the_words_of_a_long_text_need_no_more_memory_than_the_text() {
        let text = "Smith-Jones and \u{6771}\u{4eac} ".repeat(1_000);
        let capacity: usize = compounds(&text).iter().map(|word| word.text.capacity()).sum();
        assert!(capacity <= text.len(), "{capacity} bytes for {}", text.len());
    }

    /// Cuts texts with scalar values among letters, digits, ideographs and joiners: all of planes 0, 1
    /// and 14, and every 251st of the others. Another digest means that stored tokens are no longer
    /// found.
    #[test]
    fn scalar_values_are_cut_as_at_the_release() {
        assert_eq!(unicode_segmentation::UNICODE_VERSION, (17, 0, 0));
        let mut all = String::new();
        let is_cut = |c: u32| c < 0x2_0000 || c >> 16 == 14 || c.is_multiple_of(251);
        for c in ('\0'..=char::MAX).filter(|&c| is_cut(c.into())) {
            for compound in compounds(&format!("ab{c}cd 1{c}{c}2 \u{6771}{c}-{c}\u{30a2}")) {
                for part in compound.parts() {
                    all.push_str(part);
                    all.push('\0');
                }
                all.push('\n');
            }
        }
        assert_eq!(
            sha256_hex(all.as_bytes()),
            "0f760c12267cf8362a38845d21d9f8bbe152802cbfeff41fa8f0955dc7057114"
        );
    }
}
