//! All cases, by group.

mod ending;
mod limits;
mod model;
mod outages;
mod owners;
mod races;
mod reading;
mod writing;

use super::case::Case;

/// Every case of the suite for stores, in the order in which they run.
///
/// ```
/// let cases = jam_conformance::store::cases();
/// assert!(cases.iter().any(|case| case.id() == "swap.conflict"));
/// ```
#[must_use]
pub fn cases() -> Vec<Case> {
    let groups = [
        reading::cases(),
        writing::cases(),
        ending::cases(),
        owners::cases(),
        limits::cases(),
        model::cases(),
        races::cases(),
        outages::cases(),
    ];
    groups.into_iter().flatten().collect()
}
