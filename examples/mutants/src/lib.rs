//! Adapters that are broken on purpose: the conformance kit has to catch each.
//!
//! Every mutant is a reference application whose outermost layer is replaced by one written here,
//! against jam-core alone. The environment variable `FAULT` says what this layer does wrong; with
//! `none` it does everything right, which shows that the fault is what the kit catches.

pub mod actix;
pub mod axum;
mod fault;
mod headers;
pub mod poem;
mod view;
pub mod warp;

pub use fault::Fault;

use fault::Fault::{
    AdmitsEverything, DropsPatchOnError, ReplacesCookie, ReplacesVary, SwallowsRefusal,
};
use headers::Headers;
use jam_core::Jam;
use jam_core::flow::{Flow, HeaderOp};
use jam_core::reject::RejectResponse;
use jam_core::request::RequestView;
use view::Sabotaged;

/// What a layer does before the handler. The answer in its place where the request is turned away.
fn begin(fault: Fault, jam: &Jam, view: &dyn RequestView) -> Result<Flow, RejectResponse> {
    let flow = jam.begin(&Sabotaged { view, fault });
    match flow.admit() {
        Err(reject) if fault != AdmitsEverything => Err(reject.respond()),
        _ => Ok(flow),
    }
}

/// What a layer does after it. Returns the answer that has to be sent in place of the handler's.
async fn finish(
    fault: Fault,
    flow: &Flow,
    status: u16,
    headers: &mut impl Headers,
) -> Option<RejectResponse> {
    if !flow.is_touched() || (fault == DropsPatchOnError && status >= 400) {
        return None;
    }
    let mut patch = flow.finish().await;
    if let Some(refusal) = patch.replacement()
        && fault != SwallowsRefusal
    {
        return Some(refusal);
    }
    for header in patch.headers() {
        match header.op {
            HeaderOp::Append if fault != ReplacesCookie => headers.add(&header.name, &header.value),
            HeaderOp::MergeList if fault != ReplacesVary => {
                let list = merged(headers.lines(&header.name), &header.value);
                headers.set(&header.name, &list);
            }
            _ => headers.set(&header.name, &header.value),
        }
    }
    None
}

/// The members of the lines, and those of the value that are missing.
fn merged(lines: Vec<String>, value: &str) -> String {
    let mut list: Vec<&str> = lines.iter().flat_map(|line| line.split(", ")).collect();
    for member in value.split(", ") {
        if !list.iter().any(|known| known.eq_ignore_ascii_case(member)) {
            list.push(member);
        }
    }
    list.join(", ")
}
