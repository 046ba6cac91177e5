//! The conformance kit lets the unbroken layer pass and catches every broken one.

use jam_conformance::{Report, Server, Suite};
use mutants::Fault;

/// A case that has to fail for each fault.
const CAUGHT_BY: [(Fault, &str); 7] = [
    (Fault::AdmitsEverything, "origin.cross-site"),
    (Fault::DropsPatchOnError, "patch.error"),
    (Fault::SwallowsRefusal, "swallowed.forged"),
    (Fault::ReplacesCookie, "patch.foreign-headers"),
    (Fault::ReplacesVary, "patch.foreign-headers"),
    (Fault::ReadsFirstLine, "whoami.two-lines"),
    (Fault::ReadsAsciiOnly, "whoami.obs-text"),
];

fn report(program: &str, fault: &str) -> Report {
    Suite::adapter().run(Server::command(program).env("FAULT", fault))
}

fn every_fault_is_caught(program: &str) {
    for (name, fault) in Fault::ALL {
        let report = report(program, name);
        let failed: Vec<&str> = report.failures().iter().map(|failure| failure.case()).collect();
        println!("{name}: {failed:?}");
        let Some((_, case)) = CAUGHT_BY.iter().find(|(caught, _)| *caught == fault) else {
            assert_eq!((name, failed), ("none", Vec::new()), "{report}");
            continue;
        };
        assert!(failed.contains(case), "{name} is not caught by {case}, but by {failed:?}");
        // A mutant that is broken all over would be caught by anything.
        assert!(
            report.passed().len() > 10 * failed.len(),
            "{name} breaks more than it says: {failed:?}"
        );
    }
}

#[test]
fn every_fault_of_an_actix_layer_is_caught() {
    every_fault_is_caught(env!("CARGO_BIN_EXE_mutant-actix"));
}

#[test]
fn every_fault_of_an_axum_layer_is_caught() {
    every_fault_is_caught(env!("CARGO_BIN_EXE_mutant-axum"));
}

#[test]
fn every_fault_of_a_poem_layer_is_caught() {
    every_fault_is_caught(env!("CARGO_BIN_EXE_mutant-poem"));
}

#[test]
fn every_fault_of_a_warp_layer_is_caught() {
    every_fault_is_caught(env!("CARGO_BIN_EXE_mutant-warp"));
}
