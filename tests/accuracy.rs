//! Recall and precision on our own labelled corpus do not fall.

mod corpus;
mod support;

use corpus::measure::{sum, table, tallies};

#[test]
fn the_rules_find_what_is_there_and_little_else() {
    let tallies = tallies(&corpus::all(), |_| {});
    let (providers, common) = (sum(&tallies, false), sum(&tallies, true));
    let table = table(&tallies);
    assert!(providers.planted > 3_000 && common.planted > 1_500, "{table}");
    assert!(providers.recall() >= 0.98 && providers.precision() >= 0.98, "{table}");
    assert!(common.recall() >= 0.95 && common.precision() >= 0.95, "{table}");
}
