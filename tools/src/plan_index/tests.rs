//! Tests of the rule, the choice and the output.

use super::*;

/// Creates a distribution in which `counts[i]` is the number of rows with the i-th value.
pub(super) fn distribution(counts: &[u64]) -> Distribution {
    let mut distribution = Distribution::new();
    for (value, &count) in counts.iter().enumerate() {
        for _ in 0..count {
            distribution.add(format!("secret-{value}").as_bytes());
        }
    }
    distribution
}

fn plan(counts: &[u64]) -> IndexPlan {
    IndexPlanner::new("users.email").plan(&distribution(counts))
}

/// Returns counts by Zipf's law: the i-th value has `most / i` rows.
fn zipf(values: u64, most: u64) -> Vec<u64> {
    (1..=values).map(|i| (most / i).max(1)).collect()
}

// 2^B is between V / √V and V / 2. AWS calculates 8.3 to 15.6 for 100,000.
#[test]
fn the_rule_allows_what_it_says() {
    for (distinct, range) in [
        (16, 2..=3),
        (17, 3..=3),
        (64, 3..=5),
        (65, 4..=5),
        (1000, 5..=8),
        (1024, 5..=9),
        (100_000, 9..=15),
    ] {
        assert_eq!(allowed(distinct, 0), Some(range), "{distinct}");
    }
    for distinct in 0..16 {
        assert_eq!(allowed(distinct, 0), None);
    }
    for distinct in (16..5000).chain([1 << 40, (1 << 40) + 1, u64::MAX]) {
        let range = allowed(distinct, 0).unwrap();
        let per_bucket = |bits: usize| distinct as f64 / (bits as f64).exp2();
        let keeps = |bits| per_bucket(bits) >= 2.0 && per_bucket(bits) <= (distinct as f64).sqrt();
        assert!(keeps(*range.start()) && keeps(*range.end()), "{distinct}");
        assert!(
            distinct > 1 << 50 || !keeps(*range.start() - 1) && !keeps(*range.end() + 1),
            "{distinct}"
        );
    }
}

#[test]
fn the_bits_of_several_indexes_add_up() {
    assert_eq!(allowed(100_000, 5), Some(4..=10));
    assert_eq!(allowed(100_000, 14), Some(1..=1));
    assert_eq!(allowed(100_000, 15), None);
    let plan = IndexPlanner::new("users.email")
        .other_index(8)
        .other_index(256)
        .plan(&distribution(&[1; 100]));
    assert_eq!((plan.recommended, plan.reason), (None, PlanReason::OtherIndexes { bits: 264 }));
}

// Equal frequencies give ⌊log₂ V⌋ − 1. Zipf over 1,000 values has 7.5 bits of entropy, where log₂
// 1000 = 10.0.
#[test]
fn uneven_distributions_get_fewer_bits() {
    assert_eq!(plan(&[1; 1024]).recommended, Some(9));
    assert_eq!(plan(&[3; 1000]).recommended, Some(8));
    let uneven = plan(&zipf(1000, 10_000));
    assert!((7.4..7.6).contains(&uneven.shannon_bits), "{}", uneven.shannon_bits);
    assert_eq!((uneven.range, uneven.recommended), (Some(5..=8), Some(6)));
    let one_for_all = plan(&[&[100_000][..], &[1; 999]].concat());
    assert_eq!(one_for_all.recommended, Some(5), "never less than the rule allows");
}

#[test]
fn few_values_are_not_indexed() {
    assert_eq!((plan(&[]).recommended, plan(&[]).reason), (None, PlanReason::NoValues));
    for counts in [&[1][..], &[1000], &[500, 300], &[1; 15]] {
        let plan = plan(counts);
        assert_eq!((plan.range, plan.recommended), (None, None));
        assert_eq!(plan.reason, PlanReason::FewValues { distinct: counts.len() as u64 });
    }
    let mut nulls = Distribution::new();
    nulls.add_null();
    let plan = IndexPlanner::new("users.email").plan(&nulls);
    assert_eq!((plan.rows, plan.nulls, plan.reason), (0, 1, PlanReason::NoValues));
}

#[test]
fn a_unique_index_takes_the_full_length() {
    let planner = IndexPlanner::new("users.email").unique();
    let plan = planner.plan(&distribution(&[1; 100]));
    assert_eq!(
        (plan.recommended, plan.reason, plan.warnings.len()),
        (Some(256), PlanReason::Unique, 0)
    );
    let plan = planner.plan(&distribution(&[2, 3, 1]));
    assert_eq!(plan.warnings, [PlanWarning::NotUnique { values: 2 }]);
    assert_eq!(planner.plan(&Distribution::new()).recommended, Some(256));
}

// 1,000 values today (5 to 8 bits), 100,000 later (9 to 15). The planner chooses the shortest later
// length, where today's values are sparse until 1,024.
#[test]
fn growth_moves_the_range_and_today_is_kept_to_as_far_as_that_goes() {
    let today = distribution(&[1; 1000]);
    let plan = IndexPlanner::new("users.email").expecting(100_000).plan(&today);
    let later = plan.expected.unwrap();
    assert!((90_000..=100_000).contains(&later.distinct), "{later:?}");
    assert_eq!((plan.range, plan.recommended), (Some(9..=15), Some(9)));
    assert!(
        plan.warnings
            .contains(&PlanWarning::Sparse { values_per_bucket: 1000.0 / 512.0, until: 1024 })
    );
    assert!(plan.candidates[8].false_positives_later.unwrap() > 170.0);

    let overlapping = IndexPlanner::new("users.email").expecting(10_000).plan(&today);
    assert_eq!(
        (overlapping.range, overlapping.recommended),
        (Some(7..=12), Some(8)),
        "both ranges have it"
    );
    let known =
        IndexPlanner::new("users.zip").expecting_distinct(41_707).plan(&Distribution::new());
    assert_eq!(
        (known.range, known.recommended),
        (Some(8..=14), Some(8)),
        "nothing is known of the frequencies"
    );
    let fewer = IndexPlanner::new("users.email").expecting(10).plan(&today).expected.unwrap();
    assert_eq!((fewer.rows, fewer.distinct), (1000, 1000));
}

#[test]
fn what_truncation_cannot_hide_is_said() {
    let skewed = plan(&[&[400][..], &[6; 100]].concat());
    assert!(
        matches!(skewed.warnings[..], [PlanWarning::MostFrequentStandsOut { share, in_bucket }] if share == 0.4 && in_bucket > 0.9)
    );
    assert_eq!(plan(&[5; 1000]).warnings, []);
    assert_eq!(plan(&[1; 1000]).warnings, [PlanWarning::AllDifferent]);
}

#[test]
fn the_recommended_candidate_is_always_among_them() {
    for distinct in [16, 1 << 32, 1 << 40, u64::MAX] {
        let plan = IndexPlanner::new("users.email")
            .expecting_distinct(distinct)
            .other_index(0)
            .plan(&distribution(&[1; 1000]));
        assert_eq!(plan.chosen().map(|found| found.bits), plan.recommended);
        assert!(plan.chosen().is_some_and(|found| found.within_rule), "{distinct}");
    }
}

// Returns every kind of plan, as text and JSON.
fn shown() -> Vec<(IndexPlan, [String; 2])> {
    let distributions =
        [&[][..], &[1], &[1000], &[1; 15], &[1; 1000], &[5; 300], &zipf(2000, 10_000)]
            .map(distribution);
    let planner = IndexPlanner::new("app.a<b>&\"c\u{1}\".email");
    let planners = [
        planner.clone(),
        planner.clone().expecting(5_000_000),
        planner.clone().unique(),
        planner.other_index(300),
    ];
    let plans = distributions
        .iter()
        .flat_map(|distribution| planners.iter().map(move |planner| planner.plan(distribution)));
    plans
        .map(|plan| (plan.clone(), [plan.to_string(), serde_json::to_string(&plan).unwrap()]))
        .collect()
}

#[test]
fn no_value_is_shown_and_no_figure_is_missing() {
    for (plan, shown) in shown() {
        for text in shown {
            for bad in ["secret", "NaN", "inf\"", "inf ", "-0.0"] {
                assert!(!text.contains(bad), "{bad} in {text}");
            }
        }
        assert!(plan.candidates.iter().all(|found| found.guessed.is_finite()
            && found.alone.is_finite()
            && found.revealed_bits >= 0.0));
    }
}

#[test]
fn the_text_fits_a_terminal_and_marks_the_recommendation() {
    for (plan, [text, ..]) in shown() {
        for line in text.lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
        let marked: Vec<_> =
            text.lines().filter(|line| line.starts_with('>') && !line.starts_with("> ")).collect();
        let marked = marked.len()
            + text
                .lines()
                .filter(|line| line.starts_with("> ") && !line.starts_with("> rec"))
                .count();
        assert_eq!(marked, usize::from(plan.recommended.is_some()), "{text}");
    }
}

#[test]
fn the_json_has_the_documented_fields() {
    let json = serde_json::to_value(plan(&[&[400][..], &[6; 100]].concat())).unwrap();
    assert_eq!(json["range"], serde_json::json!({"start": 4, "end": 5}));
    assert_eq!((&json["recommended"], &json["reason"]["kind"]), (&4.into(), &"rule".into()));
    assert_eq!(json["warnings"][0]["kind"], "most_frequent_stands_out");
    assert_eq!(
        json["frequencies"][3],
        serde_json::json!({"from": 5, "to": 8, "values": 100, "rows": 600})
    );
    assert_eq!(
        (&json["candidates"][32]["bits"], json["candidates"].as_array().unwrap().len()),
        (&256.into(), 33)
    );
}
