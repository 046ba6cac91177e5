//! The contract's routes, with warp's filters and rejections.

use crate::kit;
use crate::reply::Reply;
use futures_util::{SinkExt, StreamExt, stream};
use jam_core::Jam;
use jam_warp::{
    Flow, Identity, MaybeIdentity, Rejection, Session, View, flow, identity, maybe_identity,
    recover, require_login, require_scope, session,
};
use reference_handlers::{BodyFault, Claims, MAX_BODY_BYTES, routes as shared};
use std::convert::Infallible;
use tokio::time;
use warp::filters::BoxedFilter;
use warp::http::{HeaderMap, Method, Request};
use warp::path::FullPath;
use warp::reply::{Response, with_header};
use warp::ws::{WebSocket, Ws};
use warp::{Buf, Filter, Reply as _, Stream, path, post};

/// All routes, without the layer that they need around them.
pub fn routes(
    jam: Jam,
) -> impl Filter<Extract: warp::Reply, Error = warp::Rejection> + Clone + Send + Sync + 'static {
    let kit = path("kit").and(kit::routes());
    let logins = identities().or(tokens(jam.clone())).or(sessions()).or(values());
    logins.or(answers(jam)).or(kit).or(later()).recover(recover)
}

/// A HEAD request is answered as its GET; the server leaves the body out.
pub(crate) fn get() -> impl Filter<Extract = (), Error = warp::Rejection> + Copy {
    warp::get().or(warp::head()).unify()
}

fn identities() -> BoxedFilter<(impl warp::Reply,)> {
    let public = path!("public").and(get()).map(|| Reply(shared::public()));
    let whoami = path!("whoami").and(get()).and(identity()).map(whoami);
    let maybe = path!("maybe").and(get()).and(maybe_identity()).map(maybe);
    let admin = require_scope(shared::admin_rule()).map(|| Reply(shared::admin()));
    let admin = path!("admin").and(get()).and(admin);
    let page = require_login(shared::login_page()).map(|| Reply(shared::page()));
    let page = path!("page").and(get()).and(page);
    public.or(whoami).or(maybe).or(admin).or(page).boxed()
}

fn tokens(jam: Jam) -> BoxedFilter<(impl warp::Reply,)> {
    let login = path!("login").and(post()).and(flow()).and(body()).then(login);
    let logout = path!("logout").and(post()).and(flow()).then(logout);
    let logout_all = path!("logout-all").and(post()).and(flow()).then(logout_all);
    let jwks = path!("jwks.json").and(get()).map(move || Reply(shared::jwks(&jam)));
    login.or(logout).or(logout_all).or(jwks).boxed()
}

fn sessions() -> BoxedFilter<(impl warp::Reply,)> {
    let elevate = path!("elevate").and(post()).and(session()).then(elevate);
    let others = path!("logout-others").and(post()).and(session()).then(logout_others);
    let password = path!("password").and(post()).and(session()).then(password);
    let list = path!("sessions").and(get()).and(session()).then(list);
    let end = path!("sessions" / String).and(warp::delete()).and(session()).then(end_session);
    let revoke = path!("admin" / "revoke").and(post()).and(flow()).and(body()).then(admin_revoke);
    elevate.or(others).or(password).or(list).or(end).or(revoke).boxed()
}

/// What a session holds.
fn values() -> BoxedFilter<(impl warp::Reply,)> {
    let write = path!("kv").and(post()).and(session()).and(body()).then(kv_write);
    let read = path!("kv").and(get()).and(session()).and(query()).then(kv_read);
    let slow = path!("slow-kv").and(post()).and(session()).and(query()).and(body()).then(slow_kv);
    write.or(read).or(slow).boxed()
}

/// The query as it came in, where there is one.
pub(crate) fn query() -> impl Filter<Extract = (Option<String>,), Error = Infallible> + Copy {
    warp::query::raw().map(Some).or(warp::any().map(|| None)).unify()
}

fn answers(jam: Jam) -> BoxedFilter<(impl warp::Reply,)> {
    let fail = path!("fail").and(get()).and(flow()).and_then(fail);
    let stream = path!("stream").and(get()).and(flow()).then(stream);
    let ws = path!("ws").and(get()).and(flow()).and(upgrade()).then(ws);
    let found = request().map(move |request| credential(&jam, &request));
    let credential = path!("credential").and(get()).and(found);
    let debug = path!("debug").and(get()).and(flow()).then(debug);
    fail.or(stream).or(ws).or(credential).or(debug).boxed()
}

/// Routes whose feature is not there yet.
fn later() -> BoxedFilter<(impl warp::Reply,)> {
    let token = path!("token").or(path!("token" / "refresh")).unify();
    let routes = token.or(path!("token" / "revoke")).unify().and(post());
    routes.map(|| Reply(shared::not_available_yet())).boxed()
}

fn whoami(identity: Identity<Claims>) -> Reply {
    Reply(shared::whoami(&identity))
}

fn maybe(identity: MaybeIdentity<Claims>) -> Reply {
    Reply(shared::maybe(identity.as_ref()))
}

async fn login(flow: Flow, body: Result<Vec<u8>, BodyFault>) -> Result<Reply, Rejection> {
    let body = body.as_deref().map_err(|fault| *fault);
    Ok(Reply(shared::login(&flow, body).await?))
}

async fn elevate(session: Session) -> Result<Reply, Rejection> {
    Ok(Reply(shared::elevate(&session).await?))
}

async fn logout(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::logout(&flow).await?))
}

async fn logout_others(session: Session) -> Result<Reply, Rejection> {
    Ok(Reply(shared::logout_others(&session).await?))
}

async fn logout_all(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::logout_all(&flow).await?))
}

async fn password(session: Session) -> Result<Reply, Rejection> {
    Ok(Reply(shared::password(&session).await?))
}

async fn kv_write(session: Session, body: Result<Vec<u8>, BodyFault>) -> Result<Reply, Rejection> {
    let body = body.as_deref().map_err(|fault| *fault);
    Ok(Reply(shared::kv_write(&session, body).await?))
}

async fn kv_read(session: Session, query: Option<String>) -> Result<Reply, Rejection> {
    Ok(Reply(shared::kv_read(&session, query.as_deref()).await?))
}

async fn slow_kv(
    session: Session,
    query: Option<String>,
    body: Result<Vec<u8>, BodyFault>,
) -> Result<Reply, Rejection> {
    let body = body.as_deref().map_err(|fault| *fault);
    let sleep = time::sleep; // tidy-allow: the wait that the route is for
    Ok(Reply(shared::slow_kv(&session, query.as_deref(), body, sleep).await?))
}

async fn list(session: Session) -> Result<Reply, Rejection> {
    Ok(Reply(shared::sessions(&session).await?))
}

async fn end_session(handle: String, session: Session) -> Result<Reply, Rejection> {
    // As it is spelled, too.
    Ok(Reply(shared::end_session(&session, &handle).await?))
}

async fn admin_revoke(flow: Flow, body: Result<Vec<u8>, BodyFault>) -> Result<Reply, Rejection> {
    let body = body.as_deref().map_err(|fault| *fault);
    Ok(Reply(shared::admin_revoke(&flow, body).await?))
}

/// The body as far as it may be read; warp's own limit would ask for a `Content-Length`.
fn body() -> impl Filter<Extract = (Result<Vec<u8>, BodyFault>,), Error = warp::Rejection> + Copy {
    warp::body::stream().then(collect)
}

async fn collect(
    pieces: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Result<Vec<u8>, BodyFault> {
    let mut pieces = std::pin::pin!(pieces);
    let mut body = Vec::new();
    while let Some(piece) = pieces.next().await {
        let mut piece = piece.map_err(|_| BodyFault::Invalid)?;
        if piece.remaining() > MAX_BODY_BYTES - body.len() {
            return Err(BodyFault::TooLarge);
        }
        while piece.has_remaining() {
            let chunk = piece.chunk();
            body.extend_from_slice(chunk);
            let read = chunk.len();
            piece.advance(read);
        }
    }
    Ok(body)
}

#[derive(Debug)]
struct Failure;

impl warp::reject::Reject for Failure {}

/// What warp itself answers with 500.
pub(crate) fn failure() -> warp::Rejection {
    warp::reject::custom(Failure)
}

async fn fail(flow: Flow) -> Result<Reply, warp::Rejection> {
    shared::fail(&flow).await.map_err(Rejection)?;
    Err(failure())
}

async fn stream(flow: Flow) -> Result<impl warp::Reply, Rejection> {
    shared::visit(&flow).await?;
    let pieces = stream::iter(shared::STREAM.map(Ok::<_, Infallible>));
    Ok(with_header(warp::reply::stream(pieces), "content-type", shared::STREAM_TYPE))
}

/// Nothing for a request that asks for no WebSocket.
pub(crate) fn upgrade() -> impl Filter<Extract = (Option<Ws>,), Error = Infallible> + Copy {
    warp::ws().map(Some).or(warp::any().map(|| None)).unify()
}

async fn ws(flow: Flow, upgrade: Option<Ws>) -> Result<Response, Rejection> {
    shared::visit(&flow).await?;
    Ok(echo_on(upgrade))
}

pub(crate) fn echo_on(upgrade: Option<Ws>) -> Response {
    match upgrade {
        Some(upgrade) => upgrade.on_upgrade(echo).into_response(),
        None => Reply(shared::no_websocket()).into_response(),
    }
}

/// Sends every message back; pings are answered by warp itself.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.next().await {
        if (message.is_text() || message.is_binary()) && socket.send(message).await.is_err() {
            return;
        }
    }
}

/// The head of the request; warp hands it out in pieces only.
fn request() -> impl Filter<Extract = (Request<()>,), Error = Infallible> + Copy {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let pieces = warp::method().and(path::full()).and(query).and(warp::header::headers_cloned());
    pieces.map(|method: Method, path: FullPath, query: String, headers: HeaderMap| {
        let mut request = Request::new(());
        *request.method_mut() = method;
        // What came in as a path and a query is one again.
        *request.uri_mut() = format!("{}?{query}", path.as_str()).parse().unwrap_or_default();
        *request.headers_mut() = headers;
        request
    })
}

fn credential(jam: &Jam, request: &Request<()>) -> Reply {
    let view = View::from(request);
    let (source, found) = jam.find_credential(&view);
    Reply(shared::credential(source, &found))
}

async fn debug(flow: Flow) -> Result<Reply, Rejection> {
    Ok(Reply(shared::debug(&flow).await?))
}
