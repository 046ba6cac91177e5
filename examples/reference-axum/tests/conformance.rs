//! What every adapter has to do, over the wire.

#[test]
fn reference_axum_conforms() {
    jam_conformance::Suite::adapter()
        .run(jam_conformance::Server::command(env!("CARGO_BIN_EXE_reference-axum")))
        .compare(concat!(env!("CARGO_TARGET_TMPDIR"), "/conformance"))
        .assert_passed();
}
