use jam_poem::Identity;
use poem::handler;

struct User;

#[handler]
async fn hello(_user: Identity<User>) {}

fn main() {}
