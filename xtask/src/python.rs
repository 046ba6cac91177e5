//! The real Python packages that Jam lives side by side with: virtual environments with pinned
//! versions, the cases that they make, and their reading of what Rust wrote. Only making an
//! environment needs the network, and only when a pinned version changed.

use std::ffi::OsStr;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

/// One for each set of versions that collide: Jam 2, 3 and 4, Starlette before and since 1.0.
const ENVIRONMENTS: [&str; 5] = ["jam2", "jam3", "jam4", "starlette0", "starlette1"];
/// The scripts, and `requirements/{environment}.txt`.
const SCRIPTS: &str = "xtask/python";

/// Where everything lies, below cargo's target folder.
pub(crate) struct Python {
    /// Each environment with its folder, whose name changes with what is pinned.
    environments: Vec<(&'static str, PathBuf)>,
    /// Holds `cases` and `answers`; its name changes with scripts and environments.
    side_by_side: PathBuf,
}

impl Python {
    /// Names the folders; makes none.
    pub(crate) fn locate(sh: &Shell, target: &Path) -> anyhow::Result<Python> {
        let interpreter = cmd!(sh, "python3 --version").quiet().ignore_stderr().read();
        let interpreter = interpreter.unwrap_or_default();
        let mut environments = Vec::new();
        let mut all = DefaultHasher::new();
        let root = target.join("python");
        for name in ENVIRONMENTS {
            let mut key = DefaultHasher::new();
            (&interpreter, sh.read_file(requirements(name))?).hash(&mut key);
            let folder = format!("{name}-{:016x}", key.finish());
            folder.hash(&mut all);
            environments.push((name, root.join("environments").join(folder)));
        }
        for script in scripts(sh)? {
            sh.read_file(script)?.hash(&mut all);
        }
        let side_by_side = root.join("side-by-side").join(format!("{:016x}", all.finish()));
        Ok(Python { environments, side_by_side })
    }

    /// The folder that the tests of jam-core find in `JAM_PYTHON`.
    pub(crate) fn side_by_side(&self) -> String {
        self.side_by_side.display().to_string()
    }

    /// Makes the environments that are not there, and removes those that nothing asks for.
    pub(crate) fn ensure_environments(&self, sh: &Shell) -> anyhow::Result<()> {
        for (name, folder) in &self.environments {
            if !folder.join(COMPLETE).exists() {
                println!("python: making the environment {name}");
                make(sh, name, folder)?;
            }
        }
        let folders: Vec<&Path> = self.environments.iter().map(|(_, path)| &**path).collect();
        remove_others(sh, &folders)
    }

    /// Lets the packages write their cases, unless they have.
    pub(crate) fn write_cases(&self, sh: &Shell) -> anyhow::Result<()> {
        sh.remove_path(self.side_by_side.join("answers"))?;
        let cases = self.side_by_side.join("cases");
        if cases.exists() {
            println!("python: the cases are there: {}", cases.display());
            return Ok(());
        }
        remove_others(sh, &[&self.side_by_side])?;
        // They count only when all are there.
        let unfinished = self.side_by_side.join("cases.unfinished");
        sh.remove_path(&unfinished)?;
        sh.create_dir(&unfinished)?;
        for (name, folder) in &self.environments {
            run(sh, folder, "cases.py", name, &unfinished)?;
        }
        std::fs::rename(unfinished, cases).context("cannot rename the folder of the cases")
    }

    /// Lets the packages read what Rust wrote since the last time.
    pub(crate) fn check_answers(&self, sh: &Shell) -> anyhow::Result<()> {
        let answers = self.side_by_side.join("answers");
        ensure!(answers.exists(), "Rust wrote nothing into {}", answers.display());
        for (name, folder) in &self.environments {
            run(sh, folder, "check.py", name, &answers)?;
        }
        sh.remove_path(answers)?;
        Ok(())
    }
}

/// Marks an environment that got all its packages.
const COMPLETE: &str = "complete";

fn requirements(environment: &str) -> PathBuf {
    Path::new(SCRIPTS).join("requirements").join(format!("{environment}.txt"))
}

/// In an order that every file system agrees on.
fn scripts(sh: &Shell) -> anyhow::Result<Vec<PathBuf>> {
    let mut scripts = sh.read_dir(SCRIPTS)?;
    scripts.retain(|path| path.extension() == Some(OsStr::new("py")));
    scripts.sort();
    Ok(scripts)
}

fn make(sh: &Shell, name: &str, folder: &Path) -> anyhow::Result<()> {
    sh.remove_path(folder)?;
    let pins = requirements(name);
    let python = interpreter(folder);
    let pip = ["-m", "pip", "--quiet", "--disable-pip-version-check"];
    let calls = [
        cmd!(sh, "python3 -m venv {folder}"),
        // Every version is pinned, those of dependencies too.
        cmd!(sh, "{python} {pip...} install --no-deps --requirement {pins}"),
        cmd!(sh, "{python} {pip...} check"),
    ];
    for call in calls {
        let shown = call.to_string();
        call.quiet().run().with_context(|| {
            format!("cannot make the Python environment {name}: is there a network? Try `{shown}`")
        })?;
    }
    sh.write_file(folder.join(COMPLETE), "")?;
    Ok(())
}

fn interpreter(environment: &Path) -> PathBuf {
    environment.join("bin/python")
}

/// Isolated from whatever else this machine has of Python, and leaving no byte code behind.
fn run(sh: &Shell, environment: &Path, script: &str, name: &str, to: &Path) -> anyhow::Result<()> {
    let interpreter = interpreter(environment);
    let script = Path::new(SCRIPTS).join(script);
    let call = cmd!(sh, "{interpreter} -E -s -B {script} {name} {to}");
    let shown = call.to_string();
    call.quiet().run().with_context(|| format!("it failed; run it alone: {shown}"))
}

/// Removes what lies beside the folders that are in use.
fn remove_others(sh: &Shell, in_use: &[&Path]) -> anyhow::Result<()> {
    let Some(parent) = in_use.first().and_then(|path| path.parent()) else { return Ok(()) };
    if parent.exists() {
        for path in sh.read_dir(parent)? {
            if !in_use.contains(&&*path) {
                sh.remove_path(path)?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository() -> (Shell, xshell::TempDir) {
        let sh = Shell::new().unwrap();
        let folder = sh.create_temp_dir().unwrap();
        sh.change_dir(folder.path());
        for name in ENVIRONMENTS {
            sh.write_file(requirements(name), "jamlib==1.0\n").unwrap();
        }
        sh.write_file(Path::new(SCRIPTS).join("cases.py"), "print()\n").unwrap();
        (sh, folder)
    }

    fn names(python: &Python) -> (Vec<PathBuf>, PathBuf) {
        let environments = python.environments.iter().map(|(_, path)| path.clone()).collect();
        (environments, python.side_by_side.clone())
    }

    #[test]
    fn a_new_version_makes_one_environment_and_all_cases_anew() {
        let (sh, folder) = repository();
        let locate = || names(&Python::locate(&sh, folder.path()).unwrap());
        let (before, cases) = locate();
        assert_eq!(locate(), (before.clone(), cases.clone()), "nothing changed");
        sh.write_file(requirements("jam3"), "jamlib==1.1\n").unwrap();
        let (after, cases_after) = locate();
        let changed: Vec<bool> = before.iter().zip(&after).map(|(a, b)| a != b).collect();
        assert_eq!(changed, [false, true, false, false, false]);
        assert_ne!(cases, cases_after);
    }

    #[test]
    fn a_changed_script_makes_the_cases_anew_and_no_environment() {
        let (sh, folder) = repository();
        let (before, cases) = names(&Python::locate(&sh, folder.path()).unwrap());
        sh.write_file(Path::new(SCRIPTS).join("cases.py"), "print(1)\n").unwrap();
        let (after, cases_after) = names(&Python::locate(&sh, folder.path()).unwrap());
        assert_eq!(before, after);
        assert_ne!(cases, cases_after);
    }

    #[test]
    fn folders_that_nothing_asks_for_are_removed() {
        let (sh, folder) = repository();
        let [old, new] = ["old", "new"].map(|name| folder.path().join("x").join(name));
        sh.create_dir(&old).unwrap();
        sh.create_dir(&new).unwrap();
        remove_others(&sh, &[&new]).unwrap();
        assert!(new.exists() && !old.exists());
    }

    #[test]
    fn answers_that_rust_did_not_write_are_a_failure() {
        let (sh, folder) = repository();
        let python = Python::locate(&sh, folder.path()).unwrap();
        let error = python.check_answers(&sh).unwrap_err().to_string();
        assert!(error.contains("Rust wrote nothing"), "{error}");
    }
}
