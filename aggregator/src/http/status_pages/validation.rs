//! What editors may write into a status page.

use super::lacks_password;
use crate::{
    auth::password::require_acceptable,
    http::{ApiError, error::ApiResult},
    store::{slo::list_unknown_monitors, status_page::StoredPage, status_page_sla::list_unknown_slas},
};
use edgewatch_client::{
    public_sla::PageSla,
    status_page::{ComponentSource, StatusPageComponent, StatusPageSettings},
};
use edgewatch_domain::calendar::zone;
use edgewatch_protocol::problem::FieldError;
use sqlx::PgConnection;
use std::collections::BTreeSet;
use url::{Host, Url};

const SLUG_CHARACTERS: usize = 60;
const TITLE_CHARACTERS: usize = 100;
const DESCRIPTION_CHARACTERS: usize = 500;
const URL_CHARACTERS: usize = 500;
const HOST_CHARACTERS: usize = 253;
const COMPONENT_NAME_CHARACTERS: usize = 100;
const COMPONENT_DESCRIPTION_CHARACTERS: usize = 300;
const COMPONENTS_AT_MOST: usize = 200;
const DEPTH_AT_MOST: usize = 4;
const MONITORS_AT_MOST: usize = 50;
const SLAS_AT_MOST: usize = 50;

/// Checks settings and brings them into their form: hosts in small letters, no empty texts where nothing is meant. `origin`
/// is where the installation itself is: a page there would hide the dashboard.
pub async fn validate(
    db: &mut PgConnection,
    mut settings: StatusPageSettings,
    kept: Option<&StoredPage>,
    origin: &str,
) -> ApiResult<StatusPageSettings> {
    for optional in [&mut settings.host, &mut settings.home_url, &mut settings.accent] {
        *optional = optional.take().filter(|text| !text.is_empty());
    }
    settings.host = settings.host.map(|host| host.to_ascii_lowercase());
    settings.accent = settings.accent.map(|accent| accent.to_ascii_lowercase());
    let mut faults = Faults(looks_faults(&settings));
    let own = Url::parse(origin).ok();
    let own = own.as_ref().and_then(Url::host_str);
    if settings
        .host
        .as_deref()
        .is_some_and(|host| is_host(host) && Some(host) == own)
    {
        faults.add("/host", "is where the dashboard is: use another name");
    }
    if lacks_password(&settings, kept) {
        faults.add("/password", "is needed: there is none yet");
    } else if let Some(Err(detail)) = settings.password.as_deref().map(require_acceptable) {
        faults.add("/password", detail);
    }
    let kept_ids = kept.map(|kept| numbers(&kept.settings.components));
    let mut tree = Tree {
        known: kept_ids.unwrap_or_default(),
        ..Tree::default()
    };
    tree.check(&settings.components, "/components", 1, &mut faults);
    if tree.count > COMPONENTS_AT_MOST {
        let detail = format!("has {}, use at most {COMPONENTS_AT_MOST}", tree.count);
        faults.add("/components", detail);
    }
    let wanted: Vec<_> = tree.monitors.iter().map(|monitor| monitor.1).collect();
    let unknown = list_unknown_monitors(&mut *db, &wanted).await?;
    for (pointer, monitor) in tree.monitors {
        if unknown.contains(&monitor) {
            faults.add(pointer, format!("there is no monitor {monitor}"));
        }
    }
    check_slas(db, &settings.slas, &mut faults).await?;
    if faults.0.is_empty() {
        Ok(settings)
    } else {
        Err(ApiError::validation(faults.0))
    }
}

/// What is wrong with the agreements that are to be shown.
async fn check_slas(db: &mut PgConnection, slas: &[PageSla], faults: &mut Faults) -> ApiResult<()> {
    if slas.len() > SLAS_AT_MOST {
        faults.add("/slas", format!("has {}, use at most {SLAS_AT_MOST}", slas.len()));
        return Ok(());
    }
    let wanted: Vec<_> = slas.iter().map(|shown| shown.sla).collect();
    let unknown = list_unknown_slas(db, &wanted).await?;
    for (index, sla) in wanted.iter().enumerate() {
        let at = format!("/slas/{index}/sla");
        if unknown.contains(sla) {
            faults.add(at, format!("there is no agreement {sla}"));
        } else if wanted[..index].contains(sla) {
            faults.add(at, format!("names {sla} a second time"));
        }
    }
    Ok(())
}

#[derive(Default)]
struct Faults(Vec<FieldError>);

impl Faults {
    fn add(&mut self, pointer: impl Into<String>, detail: impl Into<String>) {
        self.0.push(FieldError {
            pointer: pointer.into(),
            detail: detail.into(),
        });
    }

    fn text(&mut self, pointer: &str, text: &str, most: usize, lines: bool) {
        let characters = text.chars().count();
        if characters > most {
            self.add(
                pointer,
                format!("has {characters} characters, use at most {most}"),
            );
        } else if text.chars().any(|c| c.is_control() && !(lines && c == '\n')) {
            self.add(pointer, "contains a control character");
        }
    }

    fn name(&mut self, pointer: &str, text: &str, most: usize) {
        if text.is_empty() || text.trim() != text {
            self.add(pointer, "is empty or begins or ends with a space");
        } else {
            self.text(pointer, text, most, false);
        }
    }
}

/// What is wrong with all but components and password.
fn looks_faults(settings: &StatusPageSettings) -> Vec<FieldError> {
    let mut faults = Faults::default();
    if !is_slug(&settings.slug) {
        faults.add(
            "/slug",
            format!("use 1 to {SLUG_CHARACTERS} small letters, digits and single hyphens between them"),
        );
    }
    faults.name("/title", &settings.title, TITLE_CHARACTERS);
    faults.text(
        "/description",
        &settings.description,
        DESCRIPTION_CHARACTERS,
        true,
    );
    if settings.host.as_deref().is_some_and(|host| !is_host(host)) {
        faults.add(
            "/host",
            "use a name such as status.example.org: no scheme, no port, no address",
        );
    }
    if let Some(url) = &settings.home_url {
        let read = Url::parse(url).ok();
        let is_web =
            read.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.username().is_empty());
        if url.chars().count() > URL_CHARACTERS || !is_web {
            faults.add(
                "/home_url",
                "use an http or https address of at most 500 characters",
            );
        }
    }
    if settings
        .accent
        .as_deref()
        .is_some_and(|accent| !is_colour(accent))
    {
        faults.add("/accent", "use a colour such as #1a73e8");
    }
    if zone(&settings.zone).is_none() {
        let detail = format!("`{}` is no zone: use a name such as Europe/Berlin", settings.zone);
        faults.add("/zone", detail);
    }
    if !(1..=365).contains(&settings.uptime_days) {
        let detail = format!("is {}, use 1 to 365", settings.uptime_days);
        faults.add("/uptime_days", detail);
    }
    faults.0
}

fn is_slug(slug: &str) -> bool {
    slug.len() <= SLUG_CHARACTERS
        && slug.split('-').all(|part| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        })
}

fn is_host(host: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.');
    host.len() <= HOST_CHARACTERS
        && host.contains('.')
        && host.bytes().all(is_plain)
        && host
            .split('.')
            .all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'))
        && matches!(Host::parse(host), Ok(Host::Domain(_)))
}

/// Whether this is `#rrggbb`. Any colour will do: shades of it that can be read are made where it is shown.
fn is_colour(text: &str) -> bool {
    let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6);
    digits.is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The numbers of a tree.
fn numbers(components: &[StatusPageComponent]) -> BTreeSet<i32> {
    let of_one = |component: &StatusPageComponent| {
        let mut all = numbers(&component.children);
        all.extend(component.id);
        all
    };
    components.iter().flat_map(of_one).collect()
}

#[derive(Default)]
struct Tree {
    /// Numbers of components that the page has.
    known: BTreeSet<i32>,
    seen: BTreeSet<i32>,
    count: usize,
    /// Where each monitor stands.
    monitors: Vec<(String, i32)>,
}

impl Tree {
    fn check(&mut self, components: &[StatusPageComponent], at: &str, depth: usize, faults: &mut Faults) {
        for (index, component) in components.iter().enumerate() {
            let at = format!("{at}/{index}");
            self.count += 1;
            if let Some(id) = component.id {
                if !self.known.contains(&id) {
                    faults.add(format!("{at}/id"), format!("this page has no component {id}"));
                } else if !self.seen.insert(id) {
                    // In itself, too: a group that is in itself stands in the tree twice.
                    faults.add(format!("{at}/id"), format!("names {id} a second time"));
                }
            }
            faults.name(&format!("{at}/name"), &component.name, COMPONENT_NAME_CHARACTERS);
            let description = format!("{at}/description");
            faults.text(
                &description,
                &component.description,
                COMPONENT_DESCRIPTION_CHARACTERS,
                false,
            );
            if let ComponentSource::Monitors { monitors, .. } = &component.source {
                self.check_monitors(
                    monitors,
                    component.id.is_some_and(|id| self.known.contains(&id)),
                    &format!("{at}/source/monitors"),
                    faults,
                );
            }
            if component.children.is_empty() {
                continue;
            }
            if !matches!(component.source, ComponentSource::Group { .. }) {
                faults.add(format!("{at}/children"), "only a group has something in it");
            } else if depth == DEPTH_AT_MOST {
                let detail = format!("is too deep: use at most {DEPTH_AT_MOST} levels");
                faults.add(format!("{at}/children"), detail);
            } else {
                self.check(&component.children, &format!("{at}/children"), depth + 1, faults);
            }
        }
    }

    fn check_monitors(&mut self, monitors: &[i32], may_be_empty: bool, at: &str, faults: &mut Faults) {
        if monitors.len() > MONITORS_AT_MOST || (monitors.is_empty() && !may_be_empty) {
            let detail = format!("has {}, use 1 to {MONITORS_AT_MOST}", monitors.len());
            faults.add(at, detail);
            return;
        }
        for (index, monitor) in monitors.iter().enumerate() {
            let at = format!("{at}/{index}");
            if monitors[..index].contains(monitor) {
                faults.add(at, format!("names {monitor} a second time"));
            } else {
                self.monitors.push((at, *monitor));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_and_hosts_are_what_an_address_takes() {
        for good in ["a", "shop", "shop-2", "a-b-c"] {
            assert!(is_slug(good), "{good}");
        }
        for bad in [
            "",
            "-",
            "a-",
            "-a",
            "a--b",
            "A",
            "ä",
            "a b",
            "a/b",
            "..",
            &"a".repeat(61),
        ] {
            assert!(!is_slug(bad), "{bad}");
        }
        for good in ["status.example.org", "a.b", "xn--bcher-kva.example"] {
            assert!(is_host(good), "{good}");
        }
        for bad in [
            "",
            "localhost",
            "127.0.0.1",
            "a..b",
            "a.b:80",
            "https://a.b",
            "-a.b",
            "a.b.",
            "[::1]",
            "ä.example",
        ] {
            assert!(!is_host(bad), "{bad}");
        }
    }

    #[test]
    fn any_colour_in_hexadecimal_will_do() {
        for good in ["#000000", "#ffffff", "#FFD400"] {
            assert!(is_colour(good), "{good}");
        }
        for bad in ["", "#fff", "red", "#12345g", "123456", "#1234567", "#ééé"] {
            assert!(!is_colour(bad), "{bad}");
        }
    }
}
