//! Counts, shares and other figures in a form for people.

/// Formats a count: `1,234,567`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// Formats a figure with as many decimals as it needs: `48,828`, `3.1`, `0.047`, `<0.001`.
pub fn number(x: f64) -> String {
    match x {
        _ if x >= 99.95 => count(x.round() as u64),
        _ if x >= 0.95 => format!("{x:.1}"),
        _ if x >= 0.001 => format!("{x:.3}"),
        _ if x > 0.0 => "<0.001".into(),
        _ => "0".into(),
    }
}

/// Formats a share of 1 in percent: `4.7%`.
pub fn percent(share: f64) -> String {
    format!("{}%", number(share * 100.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped() {
        let shown = [0, 999, 1000, 1_234_567, u64::MAX].map(count);
        assert_eq!(shown, ["0", "999", "1,000", "1,234,567", "18,446,744,073,709,551,615"]);
    }

    #[test]
    fn figures_have_the_decimals_that_tell() {
        let shown = [48_828.4, 99.95, 3.12, 0.95, 0.0469, 0.0001, 0.0].map(number);
        assert_eq!(shown, ["48,828", "100", "3.1", "0.9", "0.047", "<0.001", "0"]);
        assert_eq!([percent(0.047), percent(1.0)], ["4.7%", "100%"]);
    }
}
