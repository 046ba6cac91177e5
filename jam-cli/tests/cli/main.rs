//! The `jam` command from the outside: every command, every exit code.

mod config;
mod keys;
mod support;
mod token;
mod usage;
mod verify;
mod verify_jsonl;
mod verify_stream;
