//! The answers of this application are those of every other.

#[test]
fn reference_actix_conforms() {
    jam_conformance::Suite::adapter()
        .run(jam_conformance::Server::command(env!("CARGO_BIN_EXE_reference-actix")))
        .compare(concat!(env!("CARGO_TARGET_TMPDIR"), "/conformance"))
        .assert_passed();
}
