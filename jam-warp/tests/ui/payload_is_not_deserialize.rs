use warp::Filter;

struct User;

fn hello(_: jam_warp::Identity<User>) -> &'static str {
    "hello"
}

fn main() {
    let _ = warp::path!("hello").and(jam_warp::identity()).map(hello);
}
