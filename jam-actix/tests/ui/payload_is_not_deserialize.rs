use jam_actix::Identity;

struct User;

fn hello(_: Identity<User>) {}

fn main() {
    let _ = hello;
}
