//! Who is signed in, and what that allows.

use edgewatch_client::{
    address::percent_encode,
    protocol::problem::{Problem, ProblemType},
    session::{Role, SessionResponse},
};
use leptos::prelude::*;

/// The signed-in user, for the pages that only signed-in users see.
#[derive(Clone, Debug)]
pub struct Session {
    /// E-mail address.
    pub email: String,
    /// Role.
    pub role: Role,
}

impl From<SessionResponse> for Session {
    fn from(response: SessionResponse) -> Self {
        Self {
            email: response.email,
            role: response.role,
        }
    }
}

impl Session {
    /// May change monitors and run tests.
    pub fn can_edit(&self) -> bool {
        self.role >= Role::Editor
    }

    /// May approve probes and make enrolment tokens.
    pub fn can_administer(&self) -> bool {
        self.role >= Role::Admin
    }

    /// The role in words.
    pub fn role_name(&self) -> &'static str {
        match self.role {
            Role::Viewer => "Viewer",
            Role::Editor => "Editor",
            Role::Admin => "Administrator",
        }
    }
}

/// The signed-in user.
pub fn use_session() -> Session {
    expect_context::<Session>()
}

/// Whether the answer says that nobody is signed in.
pub fn is_signed_out(problem: &Problem) -> bool {
    problem.kind() == Some(ProblemType::Unauthenticated)
}

/// The address of the sign-in page that leads back to `path`.
pub fn sign_in_path(path: &str) -> String {
    if path == "/" {
        "/sign-in?next=%2F".to_owned()
    } else {
        format!("/sign-in?next={}", percent_encode(path))
    }
}

/// Where to go after signing in: only a path of our own, never another site.
pub fn next_path(next: Option<String>) -> String {
    next.filter(|path| path.starts_with('/') && !path.starts_with("//") && !path.contains('\\'))
        .unwrap_or_else(|| "/".to_owned())
}

/// Leads somewhere else, by an HTTP redirect.
#[cfg(feature = "ssr")]
pub fn redirect_to(path: &str) {
    leptos_axum::redirect(path);
}

/// Leads somewhere else, without a trace in the history.
#[cfg(not(feature = "ssr"))]
pub fn redirect_to(path: &str) {
    let options = leptos_router::NavigateOptions {
        replace: true,
        ..leptos_router::NavigateOptions::default()
    };
    leptos_router::hooks::use_navigate()(path, options);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_signing_in_one_stays_on_this_site() {
        assert_eq!(
            next_path(Some("/monitors/3?window=7d".to_owned())),
            "/monitors/3?window=7d"
        );
        for other in ["//evil.example", "https://evil.example", "/\\evil.example", ""] {
            assert_eq!(next_path(Some(other.to_owned())), "/", "{other}");
        }
    }
}
