use axum::Router;
use axum::routing::get;
use jam_axum::Identity;

struct User {
    name: String,
}

async fn hello(user: Identity<User>) -> String {
    user.name.clone()
}

fn main() {
    let _: Router = Router::new().route("/", get(hello));
}
