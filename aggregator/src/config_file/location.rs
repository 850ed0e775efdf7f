//! A file's values with the places where they stand, so that a fault found later can be told with line and column.

use super::Fault;
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;
use std::fmt;

/// A value, and where it and everything in it stands.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(super) struct Locations(Spanned<Node>);

#[derive(Debug)]
enum Node {
    Scalar(Value),
    List(Vec<Locations>),
    Map(Vec<(String, Locations)>),
}

impl Locations {
    /// A fault at the value of a JSON pointer, or at the nearest one around it.
    pub(super) fn fault(&self, pointer: &str, message: String) -> Fault {
        let mut here = self;
        for segment in pointer.split('/').skip(1) {
            let next = match &here.0.value {
                Node::Scalar(_) => None,
                Node::List(items) => segment.parse::<usize>().ok().and_then(|index| items.get(index)),
                Node::Map(members) => members
                    .iter()
                    .find(|(key, _)| key == segment)
                    .map(|(_, value)| value),
            };
            match next {
                Some(next) => here = next,
                None => break,
            }
        }
        let place = here.0.referenced;
        Fault {
            line: place.line(),
            column: place.column(),
            message,
        }
    }

    /// The value without its places.
    pub(super) fn value(&self) -> Value {
        match &self.0.value {
            Node::Scalar(value) => value.clone(),
            Node::List(items) => items.iter().map(Self::value).collect(),
            Node::Map(members) => {
                let members = members.iter().map(|(key, value)| (key.clone(), value.value()));
                Value::Object(members.collect::<Map<_, _>>())
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(
            Number::from_f64(value).map_or(Value::Null, Value::Number),
        ))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Node::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Node::Map(members))
    }
}
