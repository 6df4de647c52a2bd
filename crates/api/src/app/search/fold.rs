//! Folding: texts that differ in upper and lower case, accents or invisible characters alone become the same text.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};
use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};

/// Adds `text`, folded, to `out`: decomposed as for Unicode's NFKD, without marks and format characters (joiners, directions),
/// in lower case. Each character is folded by itself, so a text that contains another contains it folded too.
pub(crate) fn fold_into(text: &str, out: &mut String) {
    if text.is_ascii() {
        let start = out.len();
        out.push_str(text);
        out[start..].make_ascii_lowercase();
        return;
    }
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c.to_ascii_lowercase());
            continue;
        }
        decompose_compatible(c, |part| {
            if !is_combining_mark(part) && part.general_category() != GeneralCategory::Format {
                // By way of the upper case, letters of which only one case has two forms become the same: ß and ss, ς and σ.
                let folded = part.to_lowercase().flat_map(char::to_uppercase).flat_map(char::to_lowercase);
                folded.for_each(|folded| out.push(folded));
            }
        });
    }
}

/// A text, folded.
pub(crate) fn folded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    fold_into(text, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_take_for_the_same_is_the_same() {
        for (one, other) in [
            ("José", "jose"),
            ("Jose\u{301}", "JOSÉ"),
            ("Łódź", "łódz"),
            ("Straße", "STRASSE"),
            ("STRAẞE", "Straße"),
            ("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"),
            ("Ｗｉｄｅ", "wide"),
            ("ﬁn", "FIN"),
            ("İstanbul", "istanbul"),
            ("Việt Nam", "viet nam"),
            ("ЁЖИК", "ежик"),
            ("a\u{200d}n\u{202e}n\u{200b}", "ann"),
            ("\u{212a}elvin", "kelvin"),
            ("한국", "\u{1112}\u{1161}\u{11ab}\u{1100}\u{116e}\u{11a8}"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} and {other}");
        }
        assert_ne!(folded("Łukasz"), folded("Lukasz"), "a letter of its own is no accent");
    }

    #[test]
    fn what_is_folded_stays_as_it_is_whatever_the_character() {
        for c in '\0'..=char::MAX {
            let once = folded(c.encode_utf8(&mut [0; 4]));
            assert_eq!(folded(&once), once, "U+{:04X}", u32::from(c));
            assert!(c == '\n' || !once.contains('\n'), "U+{:04X} becomes the end of a line", u32::from(c));
        }
    }

    #[test]
    fn marks_and_format_characters_alone_fold_to_nothing() {
        for nothing in ["\u{301}", "\u{202e}\u{202c}", "\u{200b}", "\u{fe0f}", "\u{20dd}"] {
            assert_eq!(folded(nothing), "");
        }
    }
}
