//! Words that may not stand in the source, each with the places where they may not.
//!
//! `// tidy-allow: reason` lifts a rule for one line.

use super::Finding;
use crate::source::{Line, has_word};
use crate::tree::Tree;

/// Where a word is banned.
enum Within {
    Everywhere,
    Core,
    /// In jam-core, but for the one module named.
    CoreBut(&'static str),
    /// In the adapters, but for the modules named.
    AdaptersBut(&'static [&'static str]),
}

/// What of a line is looked at.
enum Reading {
    Code,
    /// Code and what stands in literals.
    Literals,
}

struct Ban {
    within: Within,
    reading: Reading,
    /// Tests too, not only what ships.
    tests_too: bool,
    words: &'static [&'static str],
    /// Longer words that are fine.
    fine: &'static [&'static str],
    fault: &'static str,
    fix: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        within: Within::Everywhere,
        reading: Reading::Code,
        tests_too: true,
        words: &["todo!", "unimplemented!"],
        fine: &[],
        fault: "is unfinished code",
        fix: "write it, or leave it out",
    },
    Ban {
        within: Within::Everywhere,
        reading: Reading::Code,
        tests_too: true,
        words: &["#[ignore", "ignore)]"],
        fine: &[],
        fault: "leaves a test out in silence",
        fix: "make it pass, or delete it",
    },
    Ban {
        within: Within::Everywhere,
        reading: Reading::Code,
        tests_too: true,
        words: &["thread::sleep", "time::sleep", "sleep_until", "park_timeout"],
        fine: &[],
        fault: "waits for the wall clock",
        fix: "inject a `ManualClock` and advance it; wait for an event, not for time",
    },
    Ban {
        within: Within::Everywhere,
        reading: Reading::Code,
        tests_too: false,
        words: &[".unwrap()"],
        fine: &[],
        fault: "panics on bad input",
        fix: "answer with an error (`?`, `ok_or_else`)",
    },
    Ban {
        within: Within::CoreBut("clock"),
        reading: Reading::Code,
        tests_too: false,
        words: &["SystemTime::now", "Instant::now"],
        fine: &[],
        fault: "reads the wall clock",
        fix: "take the time from the injected `Clock`",
    },
    Ban {
        within: Within::Core,
        reading: Reading::Code,
        tests_too: false,
        words: &["thread::spawn", "thread::scope", "thread::Builder", "tokio", "rayon"],
        fine: &[],
        fault: "spawns work",
        fix: "core spawns nothing: return plain data or a future and let the caller run it",
    },
    Ban {
        within: Within::Core,
        reading: Reading::Code,
        tests_too: false,
        words: &["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "ToSocketAddrs"],
        fine: &[],
        fault: "opens a socket",
        fix: "core opens no socket: this belongs into a crate of its own",
    },
    Ban {
        within: Within::AdaptersBut(&[]),
        reading: Reading::Code,
        tests_too: false,
        words: &["StatusCode::", "HttpResponse::"],
        fine: &[
            "StatusCode::from_u16",
            "unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)",
            "HttpResponse::new",
            "HttpResponse::build",
            "HttpResponse::with_body",
        ],
        fault: "chooses a status",
        fix: "take the status from jam-core's `RejectResponse` with `StatusCode::from_u16`",
    },
    Ban {
        // A document about sources has to name them.
        within: Within::AdaptersBut(&["openapi"]),
        reading: Reading::Literals,
        tests_too: false,
        words: &["Bearer", "bearer", "jsonwebtoken", "base64", "cookie::parse"],
        fine: &[],
        fault: "looks into credentials",
        fix: "an adapter parses no token and no cookie: jam-core reads and writes them",
    },
    Ban {
        within: Within::AdaptersBut(&["view", "openapi"]),
        reading: Reading::Literals,
        tests_too: false,
        words: &[
            "COOKIE",
            "\"cookie\"",
            "AUTHORIZATION",
            "\"authorization\"",
            "SET_COOKIE",
            "\"set-cookie\"",
            "WWW_AUTHENTICATE",
            "\"www-authenticate\"",
        ],
        fine: &[],
        fault: "names a header that is jam-core's to read and write",
        fix: "hand raw headers over in `view.rs`, apply the core's patch as it comes",
    },
];

const CORE: &str = "jam-core/src/";
const ADAPTERS: &[&str] =
    &["jam-tower/src/", "jam-axum/src/", "jam-warp/src/", "jam-poem/src/", "jam-actix/src/"];

/// Whether this is the module of a crate's root, as one file or in the folder of its name.
fn is_module(path: &str, module: &str) -> bool {
    path.split('/').nth(2).is_some_and(|part| part.trim_end_matches(".rs") == module)
}

impl Ban {
    fn covers(&self, path: &str) -> bool {
        match self.within {
            Within::Everywhere => true,
            Within::Core => path.starts_with(CORE),
            Within::CoreBut(module) => path.starts_with(CORE) && !is_module(path, module),
            Within::AdaptersBut(modules) => {
                let in_adapter = ADAPTERS.iter().any(|folder| path.starts_with(folder));
                in_adapter && !modules.iter().any(|module| is_module(path, module))
            }
        }
    }

    /// The banned word in this line, if there is one.
    fn found_in(&self, line: &Line) -> Option<&'static str> {
        if line.in_test && !self.tests_too {
            return None;
        }
        let mut text = match self.reading {
            Reading::Code => line.code.clone(),
            Reading::Literals => line.uncommented.clone(),
        };
        for fine in self.fine {
            text = text.replace(fine, "");
        }
        self.words.iter().copied().find(|word| has_word(&text, word))
    }
}

pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (file, rust) in tree.rust() {
        for ban in BANS.iter().filter(|ban| ban.covers(&file.path)) {
            for (number, line) in rust.judged() {
                if let Some(word) = ban.found_in(line) {
                    let fault = format!("`{word}` {}", ban.fault);
                    findings.push(Finding::new(&file.path, number, fault, ban.fix));
                }
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)])).into_iter().map(|finding| finding.place).collect()
    }

    fn refused(path: &str, text: &str) {
        assert_eq!(places(path, text), [format!("{path}:1")], "{text}");
    }

    fn passes(path: &str, text: &str) {
        assert_eq!(places(path, text), [""; 0], "{text}");
    }

    #[test]
    fn unfinished_code_is_refused_everywhere() {
        refused("jam-core/src/key.rs", "fn a() { todo!() }");
        refused("jam-core/tests/it.rs", "fn a() { unimplemented!(\"b\") }");
        passes("jam-core/src/key.rs", "// todo!() is not code");
    }

    #[test]
    fn tests_are_neither_ignored_nor_asleep() {
        refused("jam-core/tests/it.rs", "#[ignore]");
        refused("jam-core/tests/it.rs", "#[ignore = \"slow\"]");
        refused("jam-core/tests/it.rs", "#[cfg_attr(windows, ignore)]");
        refused("jam-core/tests/it.rs", "std::thread::sleep(second);");
        refused("jam-axum/tests/it.rs", "tokio::time::sleep(second).await;");
        passes("jam-axum/tests/it.rs", "tokio::time::sleep(s).await; // tidy-allow: it is slow-kv");
    }

    #[test]
    fn unwrap_is_for_tests_only() {
        refused("jam-cli/src/main.rs", "a().unwrap();");
        passes("jam-cli/src/main.rs", "a().unwrap_or_default();");
        passes("jam-cli/src/main.rs", "#[cfg(test)]\nmod tests { fn a() { b().unwrap(); } }");
        passes("jam-cli/tests/it.rs", "a().unwrap();");
    }

    #[test]
    fn core_reads_the_wall_clock_in_one_place_only() {
        refused("jam-core/src/jwt/verify.rs", "let now = SystemTime::now();");
        refused("jam-core/src/flow.rs", "let now = std::time::Instant::now();");
        passes("jam-core/src/clock.rs", "let now = SystemTime::now();");
        passes("jam-cli/src/batch.rs", "let now = Instant::now();");
    }

    #[test]
    fn core_spawns_nothing_and_opens_no_socket() {
        refused("jam-core/src/flow.rs", "std::thread::spawn(f);");
        refused("jam-core/src/flow.rs", "tokio::spawn(f);");
        refused("jam-core/src/clock.rs", "let s = TcpStream::connect(a);");
    }

    #[test]
    fn adapters_choose_no_status() {
        refused("jam-axum/src/guard.rs", "StatusCode::UNAUTHORIZED.into_response()");
        refused("jam-actix/src/guard.rs", "HttpResponse::Unauthorized().finish()");
        refused("jam-axum/src/guard.rs", "a.unwrap_or(StatusCode::UNAUTHORIZED)");
        passes("jam-axum/src/guard.rs", "http::StatusCode::from_u16(answer.status)");
        passes("examples/reference-axum/src/main.rs", "StatusCode::OK");
    }

    #[test]
    fn adapters_look_into_no_credential() {
        refused("jam-axum/src/extract.rs", "value.strip_prefix(\"Bearer \")");
        refused("jam-tower/src/sink.rs", "headers.append(header::SET_COOKIE, value);");
        refused("jam-tower/src/layer.rs", "headers.get(\"cookie\")");
        refused("jam-tower/src/layer.rs", "use http::header::{AUTHORIZATION, VARY};");
        passes("jam-tower/src/view.rs", "headers.get(\"cookie\")");
        refused("jam-tower/src/view.rs", "value.strip_prefix(\"Bearer \")");
        passes("jam-poem/src/openapi.rs", "let scheme = \"bearer\";");
        passes("jam-tower/src/layer.rs", "/// Reads `Authorization: Bearer`.");
        passes("jam-core/src/source.rs", "value.strip_prefix(\"Bearer \")");
    }
}
