//! The list of regions that a deployment on Cloudflare serves: which regions to probe from, where Cloudflare should put
//! each, and how many objects share it. The worker reads it from `EDGEWATCH_REGIONS`, the command line writes it.

use crate::name::Region;

/// The location hints of Durable Objects. Best effort, and only the first use of an object's name counts.
pub const LOCATION_HINTS: [&str; 11] = [
    "wnam", "enam", "sam", "weur", "eeur", "apac", "apac-ne", "apac-se", "oc", "afr", "me",
];

/// The most objects that may share a region.
pub const MAX_SHARDS: u8 = 32;

/// One region, its hint, and how many objects share it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionEntry {
    /// The region's name.
    pub region: Region,
    /// Where its objects should be.
    pub hint: &'static str,
    /// How many objects share its monitors; each is a probe of its own.
    pub shards: u8,
}

impl RegionEntry {
    /// The names of its objects: the first has the region's, the others follow as `region#1`, `region#2`, ….
    pub fn objects(&self) -> impl Iterator<Item = String> {
        (0..self.shards).map(|shard| match shard {
            0 => self.region.to_string(),
            _ => format!("{}#{shard}", self.region),
        })
    }
}

/// The region and the shard of an object's name, if it is one of these regions'.
pub fn find_object(entries: &[RegionEntry], name: &str) -> Option<(Region, u8)> {
    let (region, shard) = name.split_once('#').unwrap_or((name, "0"));
    let shard = shard.parse().ok()?;
    let entry = entries.iter().find(|entry| entry.region.as_str() == region)?;
    (shard < entry.shards).then(|| (entry.region.clone(), shard))
}

/// Takes `*N` from the end of an entry: what stands before it, and how many probes share the region; 1 without it.
///
/// # Errors
/// One line that names the entry.
pub fn split_shards(entry: &str) -> Result<(&str, u8), String> {
    let Some((place, shards)) = entry.split_once('*') else {
        return Ok((entry.trim(), 1));
    };
    let shards = shards.trim().parse().ok();
    let shards = shards.filter(|shards| (1..=MAX_SHARDS).contains(shards));
    let shards = shards
        .ok_or_else(|| format!("`{entry}` does not say from 1 to {MAX_SHARDS} probes, as `weur*3` does"))?;
    Ok((place.trim(), shards))
}

/// Reads a list of `hint` or `name=hint`, each with `*N` behind it where N objects shall share the region, separated by
/// commas.
///
/// # Errors
/// One line that names the entry.
pub fn parse_regions(list: &str) -> Result<Vec<RegionEntry>, String> {
    let mut regions: Vec<RegionEntry> = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (place, shards) = split_shards(entry)?;
        let (name, hint) = place
            .split_once('=')
            .map_or((place, place), |(name, hint)| (name.trim(), hint.trim()));
        let region: Region = name.parse()?;
        let hint = LOCATION_HINTS
            .into_iter()
            .find(|known| *known == hint)
            .ok_or_else(|| {
                format!(
                    "`{hint}` is no location hint: write one of {} or `name=hint`",
                    LOCATION_HINTS.join(" ")
                )
            })?;
        if regions.iter().any(|known| known.region == region) {
            return Err(format!("`{region}` stands there twice"));
        }
        regions.push(RegionEntry { region, hint, shards });
    }
    if regions.is_empty() {
        return Err("names no region".to_owned());
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
    fn a_region_may_be_shared_by_several_objects() {
        let regions = parse_regions("weur*3,frankfurt=weur * 2,enam").unwrap();
        let objects: Vec<_> = regions.iter().flat_map(RegionEntry::objects).collect();
        assert_eq!(
            objects,
            ["weur", "weur#1", "weur#2", "frankfurt", "frankfurt#1", "enam"]
        );
        for object in &objects {
            let (region, shard) = find_object(&regions, object).unwrap();
            assert!(
                object.starts_with(region.as_str()) && (shard == 0 || object.ends_with(&format!("#{shard}")))
            );
        }
        for gone in ["weur#3", "enam#1", "apac", "weur#x", ""] {
            assert_eq!(find_object(&regions, gone), None, "{gone}");
        }
    }

    #[test]
    fn what_cannot_be_placed_is_refused_with_its_name() {
        for (list, part) in [
            ("frankfurt", "`frankfurt` is no location hint"),
            ("a=mars", "`mars` is no location hint"),
            ("weur*0", "from 1 to 32 probes"),
            ("weur*33", "from 1 to 32 probes"),
            ("weur*x", "from 1 to 32 probes"),
            ("weur,weur*2", "`weur` stands there twice"),
            ("weur,weur", "`weur` stands there twice"),
            ("Weur", "`Weur` is not a region name"),
            (" , ", "names no region"),
        ] {
            let error = parse_regions(list).unwrap_err();
            assert!(error.contains(part), "{list}: {error}");
        }
    }
}
