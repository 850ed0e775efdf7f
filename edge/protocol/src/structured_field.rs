//! RFC 8941 structured fields, as far as `Signature-Input` and `Signature` need them: dictionaries whose members are
//! inner lists or items. Decimals, which neither field uses, are refused, and so are repeated keys.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::fmt;

/// A bare item (RFC 8941, section 3.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Item {
    Integer(i64),
    String(String),
    Token(String),
    Bytes(Vec<u8>),
    Boolean(bool),
}

/// Parameters in the order in which they were written.
pub(crate) type Parameters = Vec<(String, Item)>;

/// An inner list with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InnerList {
    pub(crate) items: Vec<(Item, Parameters)>,
    pub(crate) parameters: Parameters,
}

/// The value of a dictionary's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Member {
    Item(Item, Parameters),
    InnerList(InnerList),
}

impl Member {
    pub(crate) fn into_inner_list(self) -> Option<InnerList> {
        match self {
            Self::InnerList(list) => Some(list),
            Self::Item(..) => None,
        }
    }

    pub(crate) fn into_bytes(self) -> Option<Vec<u8>> {
        match self {
            Self::Item(Item::Bytes(bytes), _) => Some(bytes),
            _ => None,
        }
    }
}

/// Parses a dictionary and takes out the member of one key.
///
/// # Errors
/// What is wrong and at which byte. A dictionary without the key is `Ok(None)`.
pub(crate) fn dictionary_member(text: &str, key: &str) -> Result<Option<Member>, String> {
    let mut parser = Parser { text, at: 0 };
    let mut members: Vec<(String, Member)> = Vec::new();
    parser.skip(" ");
    while !parser.rest().is_empty() {
        let name = parser.key()?;
        if members.iter().any(|(known, _)| *known == name) {
            return Err(parser.error(&format!("`{name}` is there twice")));
        }
        let member = parser.member()?;
        members.push((name, member));
        parser.skip(" \t");
        if parser.rest().is_empty() {
            break;
        }
        parser.require(',')?;
        parser.skip(" \t");
        if parser.rest().is_empty() {
            return Err(parser.error("a member is missing after the comma"));
        }
    }
    Ok(members
        .into_iter()
        .find_map(|(name, member)| (name == key).then_some(member)))
}

/// Where in the text the parser stands.
struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn error(&self, what: &str) -> String {
        format!("{what} (byte {})", self.at)
    }

    fn skip(&mut self, set: &str) {
        self.take(|c| set.contains(c));
    }

    /// The longest run of such characters, possibly empty.
    fn take(&mut self, is_wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !is_wanted(c)).unwrap_or(rest.len())];
        self.at += taken.len();
        taken
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    fn require(&mut self, wanted: char) -> Result<(), String> {
        if self.take_if(wanted) {
            Ok(())
        } else {
            Err(self.error(&format!("`{wanted}` is missing")))
        }
    }

    fn key(&mut self) -> Result<String, String> {
        if !self.peek().is_some_and(|c| c.is_ascii_lowercase() || c == '*') {
            return Err(self.error("a key is missing"));
        }
        let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.*".contains(c);
        Ok(self.take(is_key).to_owned())
    }

    fn member(&mut self) -> Result<Member, String> {
        if !self.take_if('=') {
            return Ok(Member::Item(Item::Boolean(true), self.parameters()?));
        }
        if self.take_if('(') {
            return self.inner_list().map(Member::InnerList);
        }
        Ok(Member::Item(self.item()?, self.parameters()?))
    }

    fn inner_list(&mut self) -> Result<InnerList, String> {
        let mut items = Vec::new();
        loop {
            self.skip(" ");
            if self.take_if(')') {
                let parameters = self.parameters()?;
                return Ok(InnerList { items, parameters });
            }
            items.push((self.item()?, self.parameters()?));
            if !matches!(self.peek(), Some(' ' | ')')) {
                return Err(self.error("a space or `)` is missing"));
            }
        }
    }

    fn parameters(&mut self) -> Result<Parameters, String> {
        let mut parameters = Parameters::new();
        while self.take_if(';') {
            self.skip(" ");
            let name = self.key()?;
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(self.error(&format!("the parameter `{name}` is there twice")));
            }
            let value = if self.take_if('=') {
                self.item()?
            } else {
                Item::Boolean(true)
            };
            parameters.push((name, value));
        }
        Ok(parameters)
    }

    fn item(&mut self) -> Result<Item, String> {
        match self.peek() {
            Some('"') => self.string(),
            Some(':') => self.bytes(),
            Some('?') => self.boolean(),
            Some('-' | '0'..='9') => self.integer(),
            Some(c) if c.is_ascii_alphabetic() || c == '*' => {
                let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~:/".contains(c);
                Ok(Item::Token(self.take(is_token).to_owned()))
            }
            _ => Err(self.error("a value is missing")),
        }
    }

    fn string(&mut self) -> Result<Item, String> {
        self.require('"')?;
        let mut value = String::new();
        loop {
            value.push_str(self.take(|c| matches!(c, ' '..='~') && c != '"' && c != '\\'));
            if self.take_if('"') {
                return Ok(Item::String(value));
            }
            if !self.take_if('\\') {
                return Err(self.error("a string ends early or has a character that is not printable ASCII"));
            }
            match self.peek() {
                Some(c @ ('"' | '\\')) => {
                    self.at += 1;
                    value.push(c);
                }
                _ => return Err(self.error("only `\"` and `\\` may be escaped")),
            }
        }
    }

    fn bytes(&mut self) -> Result<Item, String> {
        self.require(':')?;
        let encoded = self.take(|c| c.is_ascii_alphanumeric() || "+/=".contains(c));
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|error| self.error(&format!("not base64: {error}")))?;
        self.require(':')?;
        Ok(Item::Bytes(bytes))
    }

    fn boolean(&mut self) -> Result<Item, String> {
        self.require('?')?;
        if self.take_if('1') {
            Ok(Item::Boolean(true))
        } else if self.take_if('0') {
            Ok(Item::Boolean(false))
        } else {
            Err(self.error("a boolean is ?0 or ?1"))
        }
    }

    fn integer(&mut self) -> Result<Item, String> {
        let start = self.at;
        self.take_if('-');
        let digits = self.take(|c| c.is_ascii_digit()).len();
        let is_decimal = self.peek() == Some('.');
        if digits == 0 || digits > 15 || is_decimal {
            return Err(self.error("an integer has 1 to 15 digits"));
        }
        self.text[start..self.at]
            .parse()
            .map(Item::Integer)
            .map_err(|_| self.error("not an integer"))
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::String(text) => write!(f, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")),
            Self::Token(token) => f.write_str(token),
            Self::Bytes(bytes) => write!(f, ":{}:", STANDARD.encode(bytes)),
            Self::Boolean(value) => f.write_str(if *value { "?1" } else { "?0" }),
        }
    }
}

impl fmt::Display for InnerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, (item, parameters)) in self.items.iter().enumerate() {
            let space = if i == 0 { "" } else { " " };
            write!(f, "{space}{item}")?;
            write_parameters(f, parameters)?;
        }
        f.write_str(")")?;
        write_parameters(f, &self.parameters)
    }
}

fn write_parameters(f: &mut fmt::Formatter<'_>, parameters: &Parameters) -> fmt::Result {
    for (name, value) in parameters {
        if *value == Item::Boolean(true) {
            write!(f, ";{name}")
        } else {
            write!(f, ";{name}={value}")
        }?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<String, String> {
        dictionary_member(text, "sig").map(|member| member.unwrap().into_inner_list().unwrap().to_string())
    }

    #[test]
    fn a_list_is_serialised_as_rfc_8941_has_it() {
        let canonical = r#"("@method" "x";sf;key="a\"b\\");created=-12;t=a/b;b=:AQI=:;f=?0"#;
        let spaced = format!("  other=?1;x , flag,\tsig={}  ", canonical.replace(';', "; "));
        assert_eq!(list(&spaced).unwrap(), canonical);
        assert_eq!(list("sig=(  )").unwrap(), "()");
    }

    #[test]
    fn a_dictionary_without_the_key_has_no_member() {
        for text in ["", "  ", "a=1, b", "signature=1"] {
            assert_eq!(dictionary_member(text, "sig"), Ok(None), "{text}");
        }
    }

    #[test]
    fn what_is_not_strictly_a_dictionary_is_refused() {
        for bad in [
            "sig=(\"a\"\"b\")",
            "sig=(\"a\"",
            "sig=(\"a\t\")",
            "sig=(\"ä\")",
            "sig=(\"a\\x\")",
            "sig=1.5",
            "sig=1234567890123456",
            "sig=-",
            "sig=:AQ:",
            "sig=:AR==:",
            "sig=:AQ==",
            "sig=?2",
            "sig=",
            "Sig=1",
            "sig=1,",
            "sig=1,,a=1",
            "sig=1 a=1",
            "sig=1, sig=2",
            "sig=1;x=1;x=2",
            "sig=1;X",
            "=1",
        ] {
            assert!(dictionary_member(bad, "sig").is_err(), "{bad}");
        }
    }
}
