//! The routes, and the frame around the pages of signed-in users.

use crate::{
    api::provide_client,
    clock::Clock,
    components::shell::Shell,
    pages::{
        edit_monitor::{EditMonitorPage, NewMonitorPage},
        monitor::MonitorPage,
        not_found::NotFoundPage,
        overview::OverviewPage,
        regions::RegionsPage,
        set_up::SetUpPage,
        sign_in::SignInPage,
    },
    still::StillPage,
};
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    components::{ParentRoute, Route, Router, Routes},
    path,
};

/// The whole dashboard.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_client();
    Clock::provide();
    html! {
        <Title formatter=|page: String| {
            if page.is_empty() { "Edgewatch".to_owned() } else { format!("{page} · Edgewatch") }
        } />
        <Router>
            <Routes fallback=NotFoundPage>
                <Route path=path!("/sign-in") view=SignInPage />
                <Route path=path!("/setup") view=SetUpPage />
                <ParentRoute path=path!("") view=Shell>
                    <Route path=path!("") view=OverviewPage />
                    <Route path=path!("monitors/new") view=NewMonitorPage />
                    <Route path=path!("monitors/:id") view=MonitorPage />
                    <Route path=path!("monitors/:id/edit") view=EditMonitorPage />
                    <Route path=path!("monitors/:id/replay") view=StillPage />
                    <Route path=path!("incidents/*any") view=StillPage />
                    <Route path=path!("log") view=StillPage />
                    <Route path=path!("maintenance/*any") view=StillPage />
                    <Route path=path!("regions") view=RegionsPage />
                    <Route path=path!("reports/*any") view=StillPage />
                    <Route path=path!("slas/*any") view=StillPage />
                    <Route path=path!("slos/*any") view=StillPage />
                    <Route path=path!("status-pages/*any") view=StillPage />
                </ParentRoute>
            </Routes>
        </Router>
    }
}
