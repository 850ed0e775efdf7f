//! `${NAME}` in texts stands for an environment variable; `$${NAME}` stands for itself. Values never appear in messages.

use serde_json::Value;
use std::collections::HashMap;

/// The variables that a file may name, and those that it has named.
#[derive(Debug)]
pub(super) struct Variables<'a> {
    known: &'a HashMap<String, String>,
    used: Vec<(String, String)>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(known: &'a HashMap<String, String>) -> Self {
        Self {
            known,
            used: Vec::new(),
        }
    }

    /// Replaces the variables in every text of a value.
    ///
    /// # Errors
    /// The JSON pointer of the first text that names a variable that is not set, and the variable.
    pub(super) fn replace(&mut self, value: &mut Value) -> Result<(), (String, String)> {
        self.replace_at(value, "")
    }

    fn replace_at(&mut self, value: &mut Value, pointer: &str) -> Result<(), (String, String)> {
        match value {
            Value::String(text) => {
                *text = self.expand(text).map_err(|name| (pointer.to_owned(), name))?;
                Ok(())
            }
            Value::Array(items) => (0..).zip(items).try_for_each(|(index, item): (usize, _)| {
                self.replace_at(item, &format!("{pointer}/{index}"))
            }),
            Value::Object(members) => members
                .iter_mut()
                .try_for_each(|(name, member)| self.replace_at(member, &format!("{pointer}/{name}"))),
            _ => Ok(()),
        }
    }

    fn expand(&mut self, text: &str) -> Result<String, String> {
        let mut expanded = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}').filter(|(name, _)| is_name(name)) else {
                expanded.push_str(before);
                expanded.push_str("${");
                rest = after;
                continue;
            };
            if let Some(before) = before.strip_suffix('$') {
                expanded.extend([before, "${", name, "}"]);
            } else {
                let value = self.known.get(name).ok_or_else(|| name.to_owned())?;
                self.used.push((name.to_owned(), value.clone()));
                expanded.push_str(before);
                expanded.push_str(value);
            }
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }

    /// A message in which the values of the variables stand by their names again.
    pub(super) fn mask(&self, message: &str) -> String {
        self.used
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .fold(message.to_owned(), |message, (name, value)| {
                message.replace(value, &format!("${{{name}}}"))
            })
    }
}

fn is_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(allowed) && !name.starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_stand_in_texts() {
        let known = HashMap::from([("A".to_owned(), "1".to_owned()), ("B".to_owned(), String::new())]);
        let mut variables = Variables::new(&known);
        for (text, expanded) in [
            ("${A}", "1"),
            ("x${A}y${B}z${A}", "x1yz1"),
            ("$${A} and ${A}", "${A} and 1"),
            ("$A ${ } ${a b} ${", "$A ${ } ${a b} ${"),
        ] {
            assert_eq!(variables.expand(text).unwrap(), expanded);
        }
        assert_eq!(variables.expand("${C}").unwrap_err(), "C");
        let mut value = serde_json::json!({"a": ["${C}"]});
        assert_eq!(variables.replace(&mut value).unwrap_err().0, "/a/0");
    }
}
