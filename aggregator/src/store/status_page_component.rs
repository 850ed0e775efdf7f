//! What status pages show: `status_page_component`, `status_page_monitor` and `status_page_state`.

use chrono::{DateTime, Utc};
use edgewatch_client::{
    public_status::ComponentState,
    status_page::{ComponentSource, GroupRule, StatusPageComponent},
};
use sqlx::{PgConnection, PgExecutor};
use std::collections::{BTreeMap, HashSet};

fn rule_of(name: &str) -> GroupRule {
    if name == "any" {
        GroupRule::Any
    } else {
        GroupRule::All
    }
}

/// A component in the order of its tree, with the place of the group that it is in.
struct Placed {
    parent: Option<i32>,
    component: StatusPageComponent,
}

/// The trees of these pages, by the pages' numbers: one statement.
pub async fn list_trees(
    db: impl PgExecutor<'_>,
    pages: &[i32],
) -> sqlx::Result<BTreeMap<i32, Vec<StatusPageComponent>>> {
    let rows = sqlx::query!(
        r#"SELECT c.page_id, c.id, c.parent_id, c.name, c.description, c.source, c.rule,
                  ARRAY(SELECT m.monitor_id FROM status_page_monitor m WHERE m.component_id = c.id ORDER BY 1) AS "monitors!",
                  (SELECT s.state FROM status_page_state s WHERE s.component_id = c.id ORDER BY s.from_at DESC LIMIT 1) AS state
           FROM status_page_component c WHERE c.page_id = ANY($1) ORDER BY c.page_id, c.position"#,
        pages
    )
    .fetch_all(db)
    .await?;
    let mut placed: BTreeMap<i32, Vec<Placed>> = BTreeMap::new();
    for row in rows {
        let rule = rule_of(&row.rule);
        let source = match row.source.as_str() {
            "group" => ComponentSource::Group { rule },
            "monitors" => ComponentSource::Monitors {
                monitors: row.monitors,
                rule,
            },
            _ => ComponentSource::ByHand {
                state: state_of(row.state.as_deref()),
            },
        };
        placed.entry(row.page_id).or_default().push(Placed {
            parent: row.parent_id,
            component: StatusPageComponent {
                id: Some(row.id),
                name: row.name,
                description: row.description,
                source,
                children: Vec::new(),
            },
        });
    }
    Ok(placed
        .into_iter()
        .map(|(page, placed)| (page, tree(placed)))
        .collect())
}

fn state_of(name: Option<&str>) -> ComponentState {
    name.and_then(ComponentState::from_name)
        .unwrap_or(ComponentState::Unknown)
}

/// The tree of components that stand in order, parents before what is in them.
fn tree(mut placed: Vec<Placed>) -> Vec<StatusPageComponent> {
    let mut roots = Vec::new();
    // From the last on, each is whole when it is put where it belongs.
    while let Some(Placed {
        parent,
        mut component,
    }) = placed.pop()
    {
        component.children.reverse();
        let group = placed
            .iter_mut()
            .rev()
            .find(|placed| parent.is_some() && placed.component.id == parent);
        match group {
            Some(group) => group.component.children.push(component),
            None => roots.push(component),
        }
    }
    roots.reverse();
    roots
}

/// A component as it is written: in the order of its tree.
#[derive(Default)]
struct Rows {
    id: Vec<i32>,
    parent_id: Vec<Option<i32>>,
    name: Vec<String>,
    description: Vec<String>,
    source: Vec<String>,
    rule: Vec<String>,
    /// Component and monitor.
    monitors: (Vec<i32>, Vec<i32>),
    /// Component and state.
    states: (Vec<i32>, Vec<String>),
}

impl Rows {
    fn add(
        &mut self,
        components: &[StatusPageComponent],
        parent: Option<i32>,
        new: &mut impl Iterator<Item = i32>,
    ) {
        for component in components {
            let Some(id) = component.id.or_else(|| new.next()) else {
                continue;
            };
            self.id.push(id);
            self.parent_id.push(parent);
            self.name.push(component.name.clone());
            self.description.push(component.description.clone());
            let (source, rule) = match &component.source {
                ComponentSource::Group { rule } => ("group", *rule),
                ComponentSource::Monitors { monitors, rule } => {
                    self.monitors.0.extend(monitors.iter().map(|_| id));
                    self.monitors.1.extend(monitors);
                    ("monitors", *rule)
                }
                ComponentSource::ByHand { state } => {
                    self.states.0.push(id);
                    self.states.1.push(state.as_str().to_owned());
                    ("by_hand", GroupRule::All)
                }
            };
            self.source.push(source.to_owned());
            let rule = if rule == GroupRule::Any { "any" } else { "all" };
            self.rule.push(rule.to_owned());
            self.add(&component.children, Some(id), new);
        }
    }
}

/// How many of a tree have no number yet.
fn count_new(components: &[StatusPageComponent]) -> i64 {
    let of_one =
        |component: &StatusPageComponent| i64::from(component.id.is_none()) + count_new(&component.children);
    components.iter().map(of_one).sum()
}

/// Makes a page's components what they are in this tree: those of it that are not in it are removed. Numbers in it are
/// those of components of this page.
pub async fn replace_components(
    db: &mut PgConnection,
    page: i32,
    components: &[StatusPageComponent],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let new = sqlx::query_scalar!(
        r#"SELECT nextval(pg_get_serial_sequence('status_page_component', 'id'))::int4 AS "id!" FROM generate_series(1, $1::bigint)"#,
        count_new(components)
    )
    .fetch_all(&mut *db)
    .await?;
    let mut rows = Rows::default();
    rows.add(components, None, &mut new.into_iter());
    sqlx::query!(
        "WITH w AS (
             SELECT * FROM UNNEST($2::int4[], $3::int4[], $4::text[], $5::text[], $6::text[], $7::text[])
                 WITH ORDINALITY AS w (id, parent_id, name, description, source, rule, position))
         INSERT INTO status_page_component AS c (id, page_id, parent_id, position, name, description, source, rule)
         SELECT id, $1, parent_id, position, name, description, source, rule FROM w
         ON CONFLICT (id) DO UPDATE SET parent_id = excluded.parent_id, position = excluded.position, name = excluded.name,
             description = excluded.description, source = excluded.source, rule = excluded.rule
         WHERE c.page_id = $1",
        page,
        &rows.id,
        &rows.parent_id as &[Option<i32>],
        &rows.name,
        &rows.description,
        &rows.source,
        &rows.rule
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "DELETE FROM status_page_component WHERE page_id = $1 AND id <> ALL ($2::int4[])",
        page,
        &rows.id
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "WITH w AS (SELECT * FROM UNNEST($2::int4[], $3::int4[]) AS w (component_id, monitor_id)),
         gone AS (
             DELETE FROM status_page_monitor m WHERE m.component_id = ANY($1) AND NOT EXISTS (
                 SELECT FROM w WHERE w.component_id = m.component_id AND w.monitor_id = m.monitor_id))
         INSERT INTO status_page_monitor (component_id, monitor_id) SELECT component_id, monitor_id FROM w ON CONFLICT DO NOTHING",
        &rows.id,
        &rows.monitors.0,
        &rows.monitors.1
    )
    .execute(&mut *db)
    .await?;
    sqlx::query!(
        "INSERT INTO status_page_state (component_id, from_at, state)
         SELECT w.component_id, $3, w.state FROM UNNEST($1::int4[], $2::text[]) AS w (component_id, state)
         WHERE w.state IS DISTINCT FROM (
             SELECT s.state FROM status_page_state s WHERE s.component_id = w.component_id ORDER BY s.from_at DESC LIMIT 1)
         ON CONFLICT (component_id, from_at) DO UPDATE SET state = excluded.state",
        &rows.states.0,
        &rows.states.1,
        now
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The states that editors set of these components, by component, in order of time: the moment (Unix milliseconds) from
/// which on each holds. From the one on that held at a moment.
pub async fn list_states(
    db: impl PgExecutor<'_>,
    components: &[i32],
    since: DateTime<Utc>,
) -> sqlx::Result<BTreeMap<i32, Vec<(i64, ComponentState)>>> {
    let rows = sqlx::query!(
        "SELECT s.component_id, s.from_at, s.state FROM status_page_state s
         WHERE s.component_id = ANY($1) AND s.from_at >= coalesce((
             SELECT max(b.from_at) FROM status_page_state b WHERE b.component_id = s.component_id AND b.from_at <= $2), '-infinity')
         ORDER BY s.component_id, s.from_at",
        components,
        since
    )
    .fetch_all(db)
    .await?;
    let mut states: BTreeMap<i32, Vec<_>> = BTreeMap::new();
    for row in rows {
        let state = (row.from_at.timestamp_millis(), state_of(Some(&row.state)));
        states.entry(row.component_id).or_default().push(state);
    }
    Ok(states)
}

/// Which of these components, of pages that there are.
pub async fn list_component_ids(db: impl PgExecutor<'_>, ids: &[i32]) -> sqlx::Result<HashSet<i32>> {
    let found = sqlx::query_scalar!(
        "SELECT c.id FROM status_page_component c JOIN status_page p ON p.id = c.page_id
         WHERE c.id = ANY($1) AND p.deleted_at IS NULL",
        ids
    )
    .fetch_all(db)
    .await?;
    Ok(found.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(id: i32, parent: Option<i32>) -> Placed {
        Placed {
            parent,
            component: StatusPageComponent {
                id: Some(id),
                name: id.to_string(),
                description: String::new(),
                source: ComponentSource::Group { rule: GroupRule::All },
                children: Vec::new(),
            },
        }
    }

    fn shape(components: &[StatusPageComponent]) -> String {
        let of_one =
            |component: &StatusPageComponent| format!("{}[{}]", component.name, shape(&component.children));
        components.iter().map(of_one).collect()
    }

    #[test]
    fn a_tree_is_put_together_in_its_order() {
        let rows = vec![
            placed(4, None),
            placed(9, Some(4)),
            placed(2, Some(9)),
            placed(1, Some(4)),
            placed(3, None),
        ];
        assert_eq!(shape(&tree(rows)), "4[9[2[]]1[]]3[]");
    }
}
