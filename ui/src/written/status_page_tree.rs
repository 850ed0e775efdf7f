//! The components of a status page as they are edited: a list of nodes, groups with lists of their own. The server gives
//! the data and how a node looks; `script/status_page.js` does the rest.

use super::form::problem;
use crate::components::icon::Icon;
use edgewatch_client::{overview::Overview, status_page::StatusPageComponent};
use leptos::prelude::*;

/// The editor of a page's components.
pub fn tree(components: &[StatusPageComponent], overview: &Overview) -> AnyView {
    let data = serde_json::to_string(components).unwrap_or_default();
    let monitors = overview
        .monitors
        .iter()
        .map(|monitor| html! { <option value=monitor.name.clone() data-id=monitor.id.to_string()></option> })
        .collect_view();
    html! {
        <fieldset class="status-part">
            <legend class="label">"Components"</legend>
            <p class="hint">"What your users know by name. Each has its state from monitors or from you; a group, from what is in it."</p>
            {problem("/components")}
            <input r#type="hidden" name="components" data-kind="json" value=data />
            <ol class="tree" id="components"></ol>
            <p class="status-removed" id="component-removed" role="status" hidden>
                <span></span> <button class="button button-small" r#type="button" data-tree="undo">{Icon::Retry.view()} "Undo"</button>
            </p>
            <div class="actions">
                <button class="button button-small" r#type="button" data-tree="component">{Icon::Plus.view()} "Component"</button>
                <button class="button button-small" r#type="button" data-tree="group">{Icon::Plus.view()} "Group"</button>
            </div>
            <datalist id="monitors">{monitors}</datalist>
            {template()}
        </fieldset>
    }
}

fn act(action: &'static str, label: &'static str, icon: Icon) -> AnyView {
    html! {
        <button class="icon-button icon-button-small" r#type="button" data-tree=action title=label aria-label=label>{icon.view()}</button>
    }
}

/// A node, of which the script makes as many as there are.
fn template() -> AnyView {
    html! {
        <template id="node">
            <li class="node">
                <div class="node-head">
                    <input class="input node-name" data-part="name" aria-label="Name" placeholder="Name" maxlength="100" autocomplete="off" />
                    <span class="node-acts">
                        {act("up", "Move up", Icon::ArrowUp)}
                        {act("down", "Move down", Icon::ArrowDown)}
                        {act("in", "Into the group above", Icon::ChevronRight)}
                        {act("out", "Out of the group", Icon::ChevronLeft)}
                        {act("remove", "Remove", Icon::Bin)}
                    </span>
                </div>
                <p class="problem" data-part="problem" role="alert" hidden>{Icon::Warning.view()} <span></span></p>
                <div class="node-body">
                    <input class="input input-small" data-part="description" aria-label="Description" placeholder="Description, if it needs one" maxlength="300" autocomplete="off" />
                    <div class="node-source">
                        <span class="select">
                            <select class="input input-small" data-part="source" aria-label="Where its state comes from">
                                <option value="monitors">"From monitors"</option>
                                <option value="by_hand">"Set by hand"</option>
                            </select>
                        </span>
                        <span class="select">
                            <select class="input input-small" data-part="rule" aria-label="Of several">
                                <option value="all">"All have to be up"</option>
                                <option value="any">"Any will do"</option>
                            </select>
                        </span>
                        <span class="select">
                            <select class="input input-small" data-part="state" aria-label="State">
                                <option value="operational">"Operational"</option>
                                <option value="degraded">"Degraded"</option>
                                <option value="partial_outage">"Partial outage"</option>
                                <option value="major_outage">"Major outage"</option>
                                <option value="maintenance">"Maintenance"</option>
                                <option value="unknown">"No data"</option>
                            </select>
                        </span>
                    </div>
                    <div class="node-monitors" data-part="monitors">
                        <input class="input input-small" list="monitors" data-part="monitor" aria-label="Add a monitor" placeholder="Add a monitor" autocomplete="off" />
                    </div>
                </div>
                <ol class="tree" data-part="children"></ol>
                <div class="actions" data-part="add">
                    <button class="button button-small" r#type="button" data-tree="component">{Icon::Plus.view()} "Component in this group"</button>
                </div>
            </li>
        </template>
    }
}
