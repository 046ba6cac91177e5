use axum::Router;
use axum::routing::get;
use jam_axum::Identity;

#[derive(serde::Deserialize)]
struct User {
    name: String,
}

async fn hello(user: Option<Identity<User>>) -> String {
    user.map_or(String::new(), |user| user.name.clone())
}

fn main() {
    let _: Router = Router::new().route("/", get(hello));
}
