//! `EDGEWATCH_REGIONS`: which regions to probe from, and where Cloudflare should put each.

use edgewatch_protocol::name::Region;

/// The location hints of Durable Objects. Best effort, and only the first use of an object's name counts.
pub const LOCATION_HINTS: [&str; 11] = [
    "wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me",
];

/// One region and its hint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionEntry {
    /// The region's name, which is also its object's.
    pub region: Region,
    /// Where the object should be.
    pub hint: &'static str,
}

/// Reads a list of `hint` or `name=hint`, separated by commas.
///
/// # Errors
/// One line that names the entry.
pub fn parse_regions(list: &str) -> Result<Vec<RegionEntry>, String> {
    let mut regions: Vec<RegionEntry> = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, hint) = entry
            .split_once('=')
            .map_or((entry, entry), |(name, hint)| (name.trim(), hint.trim()));
        let region: Region = name
            .parse()
            .map_err(|error| format!("EDGEWATCH_REGIONS: {error}"))?;
        let hint = LOCATION_HINTS
            .into_iter()
            .find(|known| *known == hint)
            .ok_or_else(|| {
                format!(
                    "EDGEWATCH_REGIONS: `{hint}` is no location hint: write one of {} or `name=hint`",
                    LOCATION_HINTS.join(" ")
                )
            })?;
        if regions.iter().any(|known| known.region == region) {
            return Err(format!("EDGEWATCH_REGIONS: `{region}` stands there twice"));
        }
        regions.push(RegionEntry { region, hint });
    }
    if regions.is_empty() {
        return Err("EDGEWATCH_REGIONS names no region".to_owned());
    }
    Ok(regions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_name_themselves_and_own_names_give_theirs() {
        let regions = parse_regions("weur, frankfurt=weur ,apac-ne,").unwrap();
        let seen: Vec<_> = regions
            .iter()
            .map(|entry| (entry.region.as_str(), entry.hint))
            .collect();
        assert_eq!(
            seen,
            [("weur", "weur"), ("frankfurt", "weur"), ("apac-ne", "apac-ne")]
        );
    }

    #[test]
    fn what_cannot_be_placed_is_refused_with_its_name() {
        for (list, part) in [
            ("frankfurt", "`frankfurt` is no location hint"),
            ("a=mars", "`mars` is no location hint"),
            ("weur,weur", "`weur` stands there twice"),
            ("Weur", "`Weur` is not a region name"),
            (" , ", "names no region"),
        ] {
            let error = parse_regions(list).unwrap_err();
            assert!(error.contains(part), "{list}: {error}");
        }
    }
}
