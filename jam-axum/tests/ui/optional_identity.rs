use axum::extract::FromRequestParts;
use jam_axum::Identity;

#[derive(serde::Deserialize)]
struct User;

fn extractor<T: FromRequestParts<()>>() {}

fn main() {
    extractor::<Identity<User>>();
    extractor::<Option<Identity<User>>>();
}
