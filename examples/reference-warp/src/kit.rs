//! The routes below `/kit`, by which the conformance kit sees what the adapter does to answers.
//! warp has no layers inside its routes, so all of them share the one around everything.

use crate::reply::Reply;
use crate::routes::{echo_on, failure, get, query, upgrade};
use futures_util::{StreamExt, stream};
use jam_warp::{
    Flow, Identity, Rejection, Session, flow, identity, require_login, require_scope, session,
};
use reference_handlers::{Claims, kit as shared, routes};
use std::convert::Infallible;
use warp::filters::BoxedFilter;
use warp::reply::{Response, with_header};
use warp::ws::Ws;
use warp::{Filter, path, post};

pub(crate) fn routes() -> BoxedFilter<(impl warp::Reply,)> {
    let fail = path!("fail").and(get()).and(flow()).and_then(fail);
    let middleware = path!("middleware").and(get()).and(failing()).map(|| "never reached");
    let refused = path!("refused").and(get()).and(flow()).then(refused);
    let foreign = path!("foreign").and(get()).and(flow()).map(foreign);
    let swallow = path!("swallow").and(get()).and(swallowing()).map(swallow);
    let panic = path!("panic").and(get()).map(|| Reply(shared::panic()));
    let stream = path!("stream").and(get()).and(flow()).and(identity()).map(endless);
    let ws = path!("ws").and(get()).and(flow()).and(identity()).and(upgrade()).map(guarded_ws);
    let errors = fail.or(middleware).or(refused).or(panic).boxed();
    let answers = errors.or(foreign).or(swallow).or(stream).or(ws).boxed();
    answers.or(gates()).or(admin()).or(page()).boxed()
}

/// Two routes behind one guard.
fn admin() -> BoxedFilter<(Reply,)> {
    let routes = path!("here").or(path!("there")).unify().and(get());
    let guard = require_scope(routes::admin_rule());
    path("admin").and(guard).and(routes).map(|| Reply(routes::admin())).boxed()
}

fn page() -> BoxedFilter<(Reply,)> {
    let guard = require_login(routes::login_page());
    path("page").and(guard).and(path!("here")).and(get()).map(|| Reply(routes::page())).boxed()
}

async fn fail(flow: Flow) -> Result<Reply, warp::Rejection> {
    shared::write(&flow);
    Err(failure())
}

/// A filter of the application's own that fails in front of the handler.
fn failing() -> impl Filter<Extract = (), Error = warp::Rejection> + Copy {
    flow().and_then(fail).map(drop).untuple_one()
}

async fn refused(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::refused(&flow).await?))
}

fn foreign(flow: Flow) -> Reply {
    Reply(shared::foreign(&flow))
}

/// warp's `or` drops every rejection, and with it that of an identity.
fn swallowing() -> impl Filter<Extract = (Option<Identity<Claims>>,), Error = Infallible> + Copy {
    identity().map(Some).or(warp::any().map(|| None)).unify()
}

fn swallow(_: Option<Identity<Claims>>) -> Reply {
    Reply(shared::swallow())
}

fn endless(flow: Flow, _: Identity<Claims>) -> impl warp::Reply {
    shared::write(&flow);
    let pieces = stream::repeat(shared::ENDLESS).map(Ok::<_, Infallible>);
    with_header(warp::reply::stream(pieces), "content-type", routes::STREAM_TYPE)
}

fn guarded_ws(flow: Flow, _: Identity<Claims>, upgrade: Option<Ws>) -> Response {
    shared::write(&flow);
    echo_on(upgrade)
}

/// Where requests meet.
fn gates() -> BoxedFilter<(impl warp::Reply,)> {
    let hold = path!("hold").and(post()).and(session()).and(query()).then(hold);
    let held = path!("held").and(get()).and(query()).then(held);
    let release = path!("release").and(post()).and(query()).map(release);
    hold.or(held).or(release).boxed()
}

async fn hold(session: Session, query: Option<String>) -> Result<Reply, Rejection> {
    Ok(Reply(shared::hold(&session, query.as_deref()).await?))
}

async fn held(query: Option<String>) -> Reply {
    Reply(shared::held(query.as_deref()).await)
}

fn release(query: Option<String>) -> Reply {
    Reply(shared::release(query.as_deref()))
}
