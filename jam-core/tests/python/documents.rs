use jam_core::python::json::{dumps, dumps_compact};

use crate::{Verdict, cases};

#[test]
fn json_is_written_as_python_writes_it() {
    let Some(cases) = cases("json") else { return };
    let mut verdict = Verdict::default();
    for case in &cases {
        let text = case.text("text");
        verdict.equal(case, dumps(text).ok().as_deref(), case.option("dumps"));
        if case.option("dumps").is_some() {
            verdict.equal(case, dumps_compact(text).ok().as_deref(), case.option("compact"));
        }
    }
}
