//! The language that a visitor's browser asks for (`Accept-Language`, RFC 9110, section 12.5.4).

/// What a visitor likes best of what there is: `of_tag` tells it of a tag such as `de-AT`.
pub fn negotiate<T>(accepted: &str, of_tag: impl Fn(&str) -> Option<T>) -> Option<T> {
    let mut best = (0.0, None);
    for part in accepted.split(',') {
        let mut pieces = part.split(';').map(str::trim);
        let Some(language) = pieces.next().and_then(&of_tag) else {
            continue;
        };
        let weight = pieces
            .find_map(|piece| piece.strip_prefix("q="))
            .map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
        if weight > best.0 {
            best = (weight, Some(language));
        }
    }
    best.1
}

/// A language tag's first part: `de` of `de-AT`.
pub fn primary(tag: &str) -> &str {
    tag.split(['-', '_']).next().unwrap_or(tag)
}
