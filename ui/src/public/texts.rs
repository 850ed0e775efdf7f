//! What public pages say, in the visitor's language: Fluent messages of `ui/texts`, with each language's own plurals.

use edgewatch_client::status_page::PageLanguage;
use edgewatch_protocol::language;
pub use fluent_bundle::FluentValue;
use fluent_bundle::{FluentArgs, FluentResource, concurrent::FluentBundle};
use std::{fmt::Write as _, sync::LazyLock};

type Bundle = FluentBundle<FluentResource>;

/// One for each of [`PageLanguage::ALL`], in its order.
static BUNDLES: LazyLock<Vec<Bundle>> = LazyLock::new(|| PageLanguage::ALL.map(bundle).into());

fn source(language: PageLanguage) -> &'static str {
    match language {
        PageLanguage::En => include_str!("../../texts/en.ftl"),
        PageLanguage::De => include_str!("../../texts/de.ftl"),
        PageLanguage::Fr => include_str!("../../texts/fr.ftl"),
        PageLanguage::Es => include_str!("../../texts/es.ftl"),
        PageLanguage::Ja => include_str!("../../texts/ja.ftl"),
        PageLanguage::Zh => include_str!("../../texts/zh.ftl"),
    }
}

fn bundle(language: PageLanguage) -> Bundle {
    let mut bundle = Bundle::new_concurrent(language.as_str().parse().into_iter().collect());
    // Names are not set apart by invisible characters: no language here is written from right to left.
    bundle.set_use_isolating(false);
    // The tests read every file: none has a line that cannot be read, or a message twice.
    let (Ok(resource) | Err((resource, _))) = FluentResource::try_new(source(language).to_owned());
    let _ = bundle.add_resource(resource);
    bundle
}

/// Texts in a language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Texts(pub PageLanguage);

impl Texts {
    /// A message without variables.
    pub fn say(self, key: &str) -> String {
        self.tell(key, [])
    }

    /// A message with its variables.
    pub fn tell<'a, const N: usize>(self, key: &str, values: [(&'a str, FluentValue<'a>); N]) -> String {
        let place = PageLanguage::ALL.iter().position(|&language| language == self.0);
        let bundle = place.and_then(|place| BUNDLES.get(place));
        let pattern = bundle.and_then(|bundle| Some((bundle, bundle.get_message(key)?.value()?)));
        debug_assert!(pattern.is_some(), "no message {key}");
        let Some((bundle, pattern)) = pattern else {
            return String::new();
        };
        let args = FluentArgs::from_iter(values);
        let mut errors = Vec::new();
        let text = bundle.format_pattern(pattern, Some(&args), &mut errors);
        debug_assert!(errors.is_empty(), "{key}: {errors:?}");
        text.into_owned()
    }

    /// A message as HTML whose variables are HTML, too.
    pub fn markup<const N: usize>(self, key: &str, values: [(&str, String); N]) -> String {
        // Stand-ins that no text holds keep their places while the message is escaped.
        let stand_in = |i: usize| char::from_u32(0xE000 + i as u32).unwrap_or_default().to_string();
        let mut i = 0;
        let names = values.each_ref().map(|(name, _)| {
            i += 1;
            (*name, FluentValue::from(stand_in(i - 1)))
        });
        let mut html = escape(&self.tell(key, names));
        for (i, (_, value)) in values.iter().enumerate() {
            html = html.replace(&stand_in(i), value);
        }
        html
    }
}

/// A text as it stands in HTML, in quoted attributes, too.
pub fn escape(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            // What XML, and so an SVG, may not hold.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                html.push('\u{fffd}');
            }
            _ => html.push(char),
        }
    }
    html
}

/// An attribute in a text of HTML, with a space before it.
pub fn attribute(html: &mut String, name: &str, value: &str) {
    let _ = write!(html, " {name}=\"{}\"", escape(value));
}

/// The language for an `Accept-Language` header: what the visitor likes best of those that there are, or else English.
pub fn negotiate(accepted: &str) -> PageLanguage {
    language::negotiate(accepted, PageLanguage::from_tag).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::{BTreeMap, BTreeSet};

    /// The variables of each message.
    fn messages(language: PageLanguage) -> BTreeMap<String, BTreeSet<String>> {
        let mut messages = BTreeMap::new();
        let mut key = String::new();
        for line in source(language).lines().filter(|line| !line.starts_with('#')) {
            if let Some((name, _)) = line
                .split_once(" = ")
                .filter(|(name, _)| name.starts_with(|c: char| c.is_ascii_lowercase()))
            {
                key = name.to_owned();
                assert!(
                    messages.insert(key.clone(), BTreeSet::new()).is_none(),
                    "{key} stands twice"
                );
            }
            let variables = line.split('$').skip(1).map(|rest| {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric());
                rest.get(..end.unwrap_or(rest.len()))
                    .unwrap_or_default()
                    .to_owned()
            });
            messages.entry(key.clone()).or_default().extend(variables);
        }
        messages.remove("");
        messages
    }

    #[test]
    fn every_language_has_the_same_messages_with_the_same_variables() {
        let english = messages(PageLanguage::En);
        assert!(english.len() > 100);
        for language in PageLanguage::ALL {
            assert!(FluentResource::try_new(source(language).to_owned()).is_ok());
            let own = messages(language);
            let missing: Vec<_> = english.keys().filter(|key| !own.contains_key(*key)).collect();
            let extra: Vec<_> = own.keys().filter(|key| !english.contains_key(*key)).collect();
            assert!(
                missing.is_empty() && extra.is_empty(),
                "{language:?}: {missing:?} {extra:?}"
            );
            for (key, variables) in &english {
                assert_eq!(own.get(key), Some(variables), "{language:?}: {key}");
            }
        }
    }

    #[test]
    fn every_message_is_said_somewhere() {
        let sources = [
            include_str!("agreement_words.rs"),
            include_str!("agreements.rs"),
            include_str!("badge.rs"),
            include_str!("bars.rs"),
            include_str!("components.rs"),
            include_str!("doors.rs"),
            include_str!("embed.rs"),
            include_str!("frame.rs"),
            include_str!("history.rs"),
            include_str!("incidents.rs"),
            include_str!("looks.rs"),
            include_str!("maintenance.rs"),
            include_str!("message.rs"),
            include_str!("moments.rs"),
            include_str!("overview.rs"),
            include_str!("subscribe.rs"),
            include_str!("../../../aggregator/src/http/subscribe.rs"),
            include_str!("../../../aggregator/src/http/subscribe/ask.rs"),
            include_str!("../../../aggregator/src/subscription.rs"),
        ]
        .concat();
        for key in messages(PageLanguage::En).into_keys() {
            let numbered = key.contains("month-") && key.ends_with(|c: char| c.is_ascii_digit());
            assert!(numbered || sources.contains(&format!("\"{key}\"")), "{key}");
        }
    }

    #[test]
    fn plurals_are_those_of_the_language() {
        let days = |language, n: i32| Texts(language).tell("days-ago", [("n", n.into())]);
        assert_eq!(days(PageLanguage::En, 1), "1 day ago");
        assert_eq!(days(PageLanguage::En, 0), "0 days ago");
        assert_eq!(days(PageLanguage::Fr, 0), "il y a 0 jour");
        assert_eq!(days(PageLanguage::De, 90), "vor 90 Tagen");
        assert_eq!(days(PageLanguage::Ja, 1), "1 日前");
    }

    #[test]
    fn messages_are_escaped_and_their_markup_is_not() {
        let html = Texts(PageLanguage::Fr).markup("began", [("moment", "<time>x</time>".to_owned())]);
        assert_eq!(html, "Début le <time>x</time>");
        assert_eq!(escape("a<b & \"c\"\u{7}"), "a&lt;b &amp; &quot;c&quot;\u{fffd}");
    }

    #[test]
    fn the_visitor_chooses_the_language() {
        for (header, language) in [
            ("de-AT,de;q=0.9,en;q=0.8", PageLanguage::De),
            ("it, fr;q=0.5, en;q=0.7", PageLanguage::En),
            ("zh-Hant-TW", PageLanguage::Zh),
            ("ja;q=0", PageLanguage::En),
            ("", PageLanguage::En),
            ("*", PageLanguage::En),
        ] {
            assert_eq!(negotiate(header), language, "{header}");
        }
    }
}
