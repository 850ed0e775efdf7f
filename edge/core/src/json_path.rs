//! Paths of RFC 9535 whose cost is bounded.
//!
//! A path that descends twice comes to a value once for each way to it, and one with several selectors in brackets comes to
//! it several times over: what that makes for an answer is reckoned before the path is followed.

use serde_json::Value;
use serde_json_path::JsonPath;

/// The longest path, in bytes.
pub const MAX_PATH_BYTES: usize = 4 << 10;

/// The most descendant segments.
const MAX_DESCENDANTS: usize = 2;

/// The most visits of values by a path that may come to a value more than once: some 50 ms.
const MAX_VISITS: usize = 2 << 20;

/// A path within its bounds.
pub struct Path {
    query: JsonPath,
    shape: Shape,
}

impl Path {
    /// Reads it.
    ///
    /// # Errors
    /// One line that says what is wrong with it: `is …`, `may …`.
    pub fn new(path: &str) -> Result<Self, String> {
        if path.len() > MAX_PATH_BYTES {
            return Err(format!("may have at most {MAX_PATH_BYTES} bytes"));
        }
        let shape = Shape::of(path);
        if shape.descendants > MAX_DESCENDANTS {
            return Err(format!(
                "may have at most {MAX_DESCENDANTS} descendant segments (..): write the names on the way to the value"
            ));
        }
        let query = JsonPath::parse(path)
            .map_err(|error| format!("is not a JSONPath such as $.status (RFC 9535): {error}"))?;
        Ok(Self { query, shape })
    }

    /// The first value that it selects.
    ///
    /// # Errors
    /// One line that says that it would visit too many: `would …`.
    pub fn first<'v>(&self, document: &'v Value) -> Result<Option<&'v Value>, String> {
        let visits = self.shape.visits(document);
        if visits > MAX_VISITS {
            return Err(format!(
                "would visit up to {visits} values of this answer, {MAX_VISITS} are allowed: write the names on the way to \
                 the value"
            ));
        }
        Ok(self.query.query(document).first())
    }
}

/// What a path's cost depends on.
#[derive(Debug, PartialEq, Eq)]
struct Shape {
    /// Descendant segments, also within filters.
    descendants: usize,
    /// How often a child may be selected: the product of the selectors in each pair of brackets and of a filter's queries.
    selections: usize,
    /// Whether a filter looks through the document for each value.
    starts_over: bool,
}

impl Shape {
    fn of(path: &str) -> Self {
        let (mut descendants, mut selections, mut queries) = (0, 1_usize, 0);
        let mut open = Vec::new();
        let mut before = ' ';
        // Where a query within a filter began at the root.
        let mut root = None;
        let mut chars = path.char_indices();
        while let Some((at, char)) = chars.next() {
            match char {
                '\'' | '"' => {
                    while let Some((_, inner)) = chars.next().filter(|(_, inner)| *inner != char) {
                        if inner == '\\' {
                            chars.next();
                        }
                    }
                }
                '[' => open.push(1_usize),
                ',' => {
                    if let Some(selectors) = open.last_mut() {
                        *selectors += 1;
                    }
                }
                ']' => selections = selections.saturating_mul(open.pop().unwrap_or(1)),
                '.' if before == '.' => descendants += 1,
                '@' => queries += 1,
                '$' if !open.is_empty() => {
                    queries += 1;
                    root = root.or(Some(at));
                }
                _ => {}
            }
            before = char;
        }
        Self {
            descendants,
            selections: selections.saturating_mul(queries.max(1)),
            starts_over: root
                .is_some_and(|at| path[at..].contains(['*', ':', '?', ',']) || path[at..].contains("..")),
        }
    }

    /// How many values of a document are visited at most; 0 where each is visited at most once or so.
    fn visits(&self, document: &Value) -> usize {
        if self.descendants < 2 && self.selections == 1 && !self.starts_over {
            return 0;
        }
        let (values, depth) = extent(document);
        let ways = (1..self.descendants).fold(1_usize, |ways, _| ways.saturating_mul(depth));
        let again = if self.starts_over { values } else { 1 };
        values
            .saturating_mul(self.selections)
            .saturating_mul(ways)
            .saturating_mul(again)
    }
}

/// How many values a document has, and how deep they lie.
fn extent(value: &Value) -> (usize, usize) {
    let add = |(values, depth): (usize, usize), inner| {
        let (more, deep) = extent(inner);
        (values + more, depth.max(deep + 1))
    };
    match value {
        Value::Array(values) => values.iter().fold((1, 1), add),
        Value::Object(members) => members.values().fold((1, 1), add),
        _ => (1, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn first(path: &str, document: &Value) -> Result<Option<Value>, String> {
        Path::new(path)?.first(document).map(Option::<&Value>::cloned)
    }

    #[test]
    fn what_people_write_is_taken_of_large_answers_too() {
        let orders: Vec<_> = (0..10_000)
            .map(|id| json!({"id": id, "items": [{"sku": "a"}]}))
            .collect();
        let answer = json!({"orders": orders, "current": 7});
        for (path, found) in [
            ("$.current", json!(7)),
            ("$.orders[*].items[*].sku", json!("a")),
            ("$..sku", json!("a")),
            ("$.orders[?@.id > 3].id", json!(4)),
            ("$.orders[?@.id == $.current].id", json!(7)),
            ("$.orders[1,2].id", json!(1)),
            ("$..items..sku", json!("a")),
            ("$['a..b..c..d', 'current']", json!(7)),
        ] {
            assert_eq!(first(path, &answer), Ok(Some(found)), "{path}");
        }
        assert_eq!(first("$.none", &answer), Ok(None));
    }

    #[test]
    fn what_takes_too_long_is_refused() {
        assert!(
            Path::new("$..*..*..*")
                .err()
                .is_some_and(|text| text.contains("descendant"))
        );
        assert!(Path::new("$.a[?@..b && @..c && @..d]").is_err());
        assert!(
            Path::new("status")
                .err()
                .is_some_and(|text| text.contains("RFC 9535"))
        );
        assert!(Path::new(&format!("$.{}", "a".repeat(MAX_PATH_BYTES))).is_err());

        let deep = (0..100).fold(json!(vec![1; 30_000]), |inner, _| json!([inner]));
        let wide = json!(vec![1; 10_000]);
        for (path, answer) in [
            ("$..*..*", &deep),
            ("$[?count($..*) > 1]", &wide),
            (&*format!("${}", "[*,*,*,*]".repeat(20)), &json!([[1]])),
            (&*format!("${}", "[0,0]".repeat(60)), &json!([[1]])),
        ] {
            let problem = first(path, answer).err();
            assert!(problem.is_some_and(|text| text.contains("visit")), "{path}");
        }
        assert_eq!(first("$..*", &wide), Ok(Some(json!(1))));
    }

    #[test]
    fn visits_are_no_fewer_than_there_are() {
        let deep = (0..20).fold(json!(vec![1; 50]), |inner, _| json!([inner, 2]));
        for path in ["$..*..*", "$..[*,*]", "$..*[*,0]"] {
            let found = JsonPath::parse(path).unwrap().query(&deep).len();
            assert!(Shape::of(path).visits(&deep) >= found, "{path}: {found}");
        }
    }
}
