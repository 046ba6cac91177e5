//! The values that `${name}` stands for in requests and expectations.

use std::collections::BTreeMap;

/// Values by name: those known from the start, and those that answers brought.
#[derive(Clone, Debug, Default)]
pub(crate) struct Variables {
    given: BTreeMap<&'static str, String>,
    kept: BTreeMap<&'static str, String>,
}

impl Variables {
    pub(crate) fn give(&mut self, name: &'static str, value: impl Into<String>) {
        self.given.insert(name, value.into());
    }

    /// Remembers a value that differs from run to run.
    pub(crate) fn keep(&mut self, name: &'static str, value: &str) {
        self.kept.insert(name, value.to_owned());
    }

    fn get(&self, name: &[u8]) -> Option<&str> {
        let name = std::str::from_utf8(name).ok()?;
        self.kept.get(name).or_else(|| self.given.get(name)).map(String::as_str)
    }

    /// The bytes with each `${name}` replaced; one that no value has stays as it is.
    pub(crate) fn fill(&self, mut bytes: &[u8]) -> Vec<u8> {
        let mut filled = Vec::new();
        while let Some((&first, after)) = bytes.split_first() {
            let name = bytes.strip_prefix(b"${").and_then(|rest| {
                rest.split_at_checked(rest.iter().position(|&byte| byte == b'}')?)
            });
            if let Some((value, rest)) = name.and_then(|(name, rest)| Some((self.get(name)?, rest)))
            {
                filled.extend(value.as_bytes());
                bytes = rest.strip_prefix(b"}").unwrap_or(rest);
            } else {
                filled.push(first);
                bytes = after;
            }
        }
        filled
    }

    pub(crate) fn fill_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.fill(text.as_bytes())).into_owned()
    }

    /// The text with each kept value replaced by its `${name}`, so that runs can be compared.
    pub(crate) fn mask(&self, text: &str) -> String {
        let mask = |text: String, (name, value): (&&str, &String)| {
            text.replace(value.as_str(), &format!("${{{name}}}"))
        };
        self.kept.iter().filter(|(_, value)| !value.is_empty()).fold(text.to_owned(), mask)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_everything_else_stays() {
        let mut variables = Variables::default();
        variables.give("a", "1");
        variables.keep("b", "22");
        assert_eq!(variables.fill(b"${a}${b}-${a} \xff"), b"122-1 \xff");
        for plain in ["$a {a} $", "${c}", "${", "${a", "${}", "${${"] {
            assert_eq!(variables.fill_text(plain), plain);
        }
    }

    #[test]
    fn kept_values_are_masked_and_given_ones_are_not() {
        let mut variables = Variables::default();
        variables.give("a", "given");
        variables.keep("token", "x.y.z");
        variables.keep("empty", "");
        assert_eq!(variables.mask("given x.y.z; x.y.z"), "given ${token}; ${token}");
    }
}
