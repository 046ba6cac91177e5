//! What the compiler tells a user.

#[test]
fn mistakes_in_a_handler_are_explained_by_the_compiler() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
