//! What can be wrong with a layer.

use std::process::ExitCode;

/// What a layer does wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Puts the patch onto successful answers only.
    DropsPatchOnError,
    /// Lets the handler's answer pass although a refusal was swallowed.
    SwallowsRefusal,
    /// Sets its cookie in place of the handler's.
    ReplacesCookie,
    /// Sets its `Vary` in place of the handler's.
    ReplacesVary,
    /// Lets requests through that pages of other sites have made browsers send.
    AdmitsEverything,
    /// Shows the core the first line of each header.
    ReadsFirstLine,
    /// Shows the core only those values that are ASCII.
    ReadsAsciiOnly,
}

impl Fault {
    /// All of them, as `FAULT` names them.
    pub const ALL: [(&str, Fault); 8] = [
        ("none", Fault::None),
        ("drops-patch-on-error", Fault::DropsPatchOnError),
        ("swallows-refusal", Fault::SwallowsRefusal),
        ("replaces-cookie", Fault::ReplacesCookie),
        ("replaces-vary", Fault::ReplacesVary),
        ("admits-everything", Fault::AdmitsEverything),
        ("reads-first-line", Fault::ReadsFirstLine),
        ("reads-ascii-only", Fault::ReadsAsciiOnly),
    ];

    /// The `main` of a mutant: runs with the fault that the environment asks for.
    pub fn run(run: impl FnOnce(Fault) -> ExitCode) -> ExitCode {
        let asked = std::env::var("FAULT").unwrap_or_default();
        match Fault::ALL.iter().find(|(name, _)| *name == asked) {
            Some((_, fault)) => run(*fault),
            None => {
                let names = Fault::ALL.map(|(name, _)| name).join(", ");
                eprintln!("error: set FAULT to one of {names}");
                ExitCode::from(2)
            }
        }
    }
}
