//! The tools that `test-all` needs: installed where that can be done, otherwise asked for by the
//! exact command.

use anyhow::{Context as _, bail};
use xshell::{Shell, cmd};

/// A tool, how to see that it is there, and where it comes from.
struct Tool {
    name: &'static str,
    probe: &'static [&'static str],
    from: Origin,
}

enum Origin {
    /// Packages of Debian.
    Debian(&'static str),
    /// A component of the Rust toolchain.
    Rustup(&'static str),
}

const TOOLS: &[Tool] = &[
    Tool { name: "git", probe: &["git", "--version"], from: Origin::Debian("git") },
    Tool { name: "tar", probe: &["tar", "--version"], from: Origin::Debian("tar gzip") },
    // The default crypto is C.
    Tool { name: "cc", probe: &["cc", "--version"], from: Origin::Debian("gcc libc6-dev") },
    Tool {
        name: "rustfmt",
        probe: &["cargo", "fmt", "--version"],
        from: Origin::Rustup("rustfmt"),
    },
    Tool {
        name: "clippy",
        probe: &["cargo", "clippy", "--version"],
        from: Origin::Rustup("clippy"),
    },
];

/// Only the step `python` needs it.
const PYTHON: Tool = Tool {
    name: "Python 3.10 or newer with venv",
    probe: &["python3", "-c", "import ensurepip, sys, venv; assert sys.version_info >= (3, 10)"],
    from: Origin::Debian("python3 python3-venv"),
};

/// What this machine lets us install.
#[derive(Clone, Copy)]
struct Machine {
    /// Debian or one of its kind, and we are root.
    apt: bool,
    rustup: bool,
}

/// How a missing tool gets there.
#[derive(Debug, PartialEq)]
enum Remedy {
    /// Commands to run, one after the other.
    Run(Vec<String>),
    /// The command that the user has to run.
    Tell(String),
}

pub(crate) fn ensure(sh: &Shell, with_python: bool) -> anyhow::Result<()> {
    let needed = TOOLS.iter().chain(with_python.then_some(&PYTHON));
    let missing: Vec<&Tool> = needed.filter(|tool| !is_there(sh, tool)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let is_root = cmd!(sh, "id -u").quiet().read().is_ok_and(|id| id == "0");
    let apt = is_root && responds(sh, &["apt-get", "--version"]);
    let machine = Machine { apt, rustup: responds(sh, &["rustup", "--version"]) };
    for tool in missing {
        match remedy(tool, machine) {
            Remedy::Tell(command) => bail!("{} is missing: run `{command}`, then again", tool.name),
            Remedy::Run(commands) => {
                for command in commands {
                    println!("{} is missing: $ {command}", tool.name);
                    install(sh, &command)?;
                }
            }
        }
        anyhow::ensure!(is_there(sh, tool), "{} is installed but does not run", tool.name);
    }
    Ok(())
}

fn install(sh: &Shell, command: &str) -> anyhow::Result<()> {
    let words = command.split_whitespace();
    cmd!(sh, "env DEBIAN_FRONTEND=noninteractive {words...}")
        .quiet()
        .run()
        .with_context(|| format!("cannot install by itself: run `{command}`, then again"))
}

fn remedy(tool: &Tool, machine: Machine) -> Remedy {
    match tool.from {
        Origin::Debian(packages) => {
            let install = format!("apt-get install -y --no-install-recommends {packages}");
            if machine.apt {
                return Remedy::Run(vec!["apt-get update".to_owned(), install]);
            }
            Remedy::Tell(format!("sudo apt-get update && sudo {install}"))
        }
        Origin::Rustup(component) => {
            let add = format!("rustup component add {component}");
            if machine.rustup { Remedy::Run(vec![add]) } else { Remedy::Tell(add) }
        }
    }
}

fn is_there(sh: &Shell, tool: &Tool) -> bool {
    responds(sh, tool.probe)
}

fn responds(sh: &Shell, words: &[&str]) -> bool {
    let Some((program, arguments)) = words.split_first() else { return false };
    cmd!(sh, "{program} {arguments...}").quiet().ignore_stdout().ignore_stderr().run().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIT: Tool = Tool { name: "git", probe: &["git"], from: Origin::Debian("git") };
    const FMT: Tool = Tool { name: "rustfmt", probe: &["x"], from: Origin::Rustup("rustfmt") };

    #[test]
    fn debian_as_root_installs_by_itself() {
        let all = Machine { apt: true, rustup: true };
        let apt = ["apt-get update", "apt-get install -y --no-install-recommends git"];
        assert_eq!(remedy(&GIT, all), Remedy::Run(apt.map(str::to_owned).into()));
        let add = vec!["rustup component add rustfmt".to_owned()];
        assert_eq!(remedy(&FMT, all), Remedy::Run(add));
    }

    #[test]
    fn elsewhere_the_exact_command_is_named() {
        let none = Machine { apt: false, rustup: false };
        let tell = "sudo apt-get update && sudo apt-get install -y --no-install-recommends git";
        assert_eq!(remedy(&GIT, none), Remedy::Tell(tell.to_owned()));
        assert_eq!(remedy(&FMT, none), Remedy::Tell("rustup component add rustfmt".to_owned()));
    }

    #[test]
    fn a_tool_that_is_not_there_does_not_respond() {
        let sh = Shell::new().unwrap();
        assert!(responds(&sh, &["cargo", "--version"]));
        assert!(!responds(&sh, &["no-such-program-anywhere"]));
    }
}
