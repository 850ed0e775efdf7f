//! `edgewatch user`: making users and changing passwords from the command line, and the first administrator from the
//! environment.
//!
//! A password is never an argument, where every user of the machine could read it: it comes from `EDGEWATCH_PASSWORD`,
//! from a prompt, or from standard input.

use crate::{
    auth::{email, password::Passwords},
    clock::Clock,
    config::DatabaseArgs,
    database::Database,
    state::AppState,
    store::user::{self, NewUser},
};
use clap::{Args, Subcommand, ValueEnum};
use edgewatch_client::session::Role;
use sqlx::PgPool;
use std::io::{BufRead as _, IsTerminal as _};
use url::Url;

/// What `edgewatch user` takes.
#[derive(Args, Clone)]
pub struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
    /// Database
    #[command(flatten)]
    database: DatabaseArgs,
}

#[derive(Subcommand, Clone)]
enum UserCommand {
    /// Make a user
    Create {
        /// E-mail address to sign in with
        #[arg(long)]
        email: String,
        /// What the user may do
        #[arg(long)]
        role: RoleArg,
    },
    /// Change a user's password and end all of the user's sessions
    SetPassword {
        /// E-mail address of the user
        #[arg(long)]
        email: String,
    },
}

#[derive(ValueEnum, Clone, Copy, Debug)]
enum RoleArg {
    /// Sees everything but secrets
    Viewer,
    /// Changes monitors and runs tests
    Editor,
    /// Does everything
    Admin,
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Viewer => Self::Viewer,
            RoleArg::Editor => Self::Editor,
            RoleArg::Admin => Self::Admin,
        }
    }
}

/// The environment variable of the password.
const PASSWORD_VARIABLE: &str = "EDGEWATCH_PASSWORD";

/// Runs an `edgewatch user` command.
///
/// # Errors
/// In one line.
pub async fn run(args: UserArgs) -> Result<(), String> {
    // Asked for first: nobody likes to wait for a database only to be told that a password is too short.
    let password = read_password()?;
    let password_hash = Passwords::default()
        .hash(password)
        .await
        .map_err(|error| format!("the password {error}"))?;
    let database = Database::open_beside(&args.database).await?;
    let done = execute(&database.pool, &Clock::system(), args.command, &password_hash).await;
    database.close().await;
    println!("{}", done?);
    Ok(())
}

async fn execute(
    pool: &PgPool,
    clock: &Clock,
    command: UserCommand,
    password_hash: &str,
) -> Result<String, String> {
    let now = clock.now();
    match command {
        UserCommand::Create { email, role } => {
            let email = email::parse(&email).map_err(|error| format!("--email {error}"))?;
            let user = NewUser {
                email: &email,
                role: role.into(),
                password_hash,
            };
            user::create_user(pool, user, now)
                .await
                .map_err(|error| database_error(&error))?;
            Ok(format!("user {email} created"))
        }
        UserCommand::SetPassword { email } => {
            let email = email.trim();
            let found = user::set_password(pool, email, password_hash, now).await;
            if !found.map_err(|error| database_error(&error))? {
                return Err(format!("there is no user {email}"));
            }
            Ok(format!(
                "the password of {email} was changed, and all sessions ended"
            ))
        }
    }
}

fn database_error(error: &sqlx::Error) -> String {
    let violated = error.as_database_error().and_then(|error| error.constraint());
    if violated == Some("app_user_email_key") {
        return "there is a user of this e-mail address already".to_owned();
    }
    format!("the database: {error}")
}

fn read_password() -> Result<String, String> {
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        return Ok(password);
    }
    if !std::io::stdin().is_terminal() {
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        read.map_err(|error| format!("the password cannot be read from standard input: {error}"))?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt).map_err(|error| format!("the password cannot be read: {error}"))
    };
    let password = ask("Password: ")?;
    if ask("Again: ")? == password {
        return Ok(password);
    }
    Err("the two passwords differ".to_owned())
}

/// Sees to the first administrator at a start: made from the environment where that names one; otherwise, while there is
/// no user, the log tells where to make one in the browser.
///
/// # Errors
/// In one line, without the password.
pub async fn prepare_first_admin(
    state: &AppState,
    from_environment: Option<(&str, &str)>,
    base_url: &Url,
) -> Result<(), String> {
    if let Some((email, password)) = from_environment
        && ensure_first_admin(&state.pool, &state.clock, email, password).await?
    {
        tracing::info!("the first administrator was made from the environment");
    }
    if !user::any_user(&state.pool)
        .await
        .map_err(|error| database_error(&error))?
    {
        let code = state.auth.setup_code.as_str();
        let url = base_url
            .join(&format!("/setup?code={code}"))
            .map_err(|error| error.to_string())?;
        tracing::warn!(%url, "there is no user yet: make the first administrator here");
    }
    Ok(())
}

/// Makes the first administrator from `EDGEWATCH_ADMIN_EMAIL` and `EDGEWATCH_ADMIN_PASSWORD`; `false` when there is a user
/// already, who stays as he is.
///
/// # Errors
/// In one line, without the password.
async fn ensure_first_admin(
    pool: &PgPool,
    clock: &Clock,
    email: &str,
    password: &str,
) -> Result<bool, String> {
    if user::any_user(pool)
        .await
        .map_err(|error| database_error(&error))?
    {
        return Ok(false);
    }
    let email = email::parse(email).map_err(|error| format!("EDGEWATCH_ADMIN_EMAIL {error}"))?;
    let password_hash = Passwords::default()
        .hash(password.to_owned())
        .await
        .map_err(|error| format!("EDGEWATCH_ADMIN_PASSWORD {error}"))?;
    let user = NewUser {
        email: &email,
        role: Role::Admin,
        password_hash: &password_hash,
    };
    let made = user::create_first_user(pool, user, clock.now()).await;
    Ok(made.map_err(|error| database_error(&error))?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn users_are_made_and_passwords_changed(pool: PgPool) {
        let clock = Clock::system();
        let create = |email: &str| UserCommand::Create {
            email: email.to_owned(),
            role: RoleArg::Editor,
        };
        assert!(
            execute(&pool, &clock, create("a@example.org"), "$1")
                .await
                .is_ok()
        );
        let again = execute(&pool, &clock, create("A@example.org"), "$1")
            .await
            .unwrap_err();
        assert_eq!(again, "there is a user of this e-mail address already");
        assert!(
            execute(&pool, &clock, create("nonsense"), "$1")
                .await
                .unwrap_err()
                .starts_with("--email")
        );
        let change = |email: &str| UserCommand::SetPassword {
            email: email.to_owned(),
        };
        assert!(
            execute(&pool, &clock, change("a@EXAMPLE.org"), "$2")
                .await
                .is_ok()
        );
        let found = user::find_credentials(&pool, "a@example.org")
            .await
            .unwrap()
            .unwrap();
        assert_eq!((found.password_hash.as_str(), found.role), ("$2", Role::Editor));
        assert_eq!(
            execute(&pool, &clock, change("b@example.org"), "$2")
                .await
                .unwrap_err(),
            "there is no user b@example.org"
        );
    }

    #[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
    async fn the_environment_makes_the_first_administrator_alone(pool: PgPool) {
        let clock = Clock::system();
        let short = ensure_first_admin(&pool, &clock, "a@example.org", "sesame")
            .await
            .unwrap_err();
        assert!(short.starts_with("EDGEWATCH_ADMIN_PASSWORD has 6 characters") && !short.contains("sesame"));
        assert!(
            ensure_first_admin(&pool, &clock, "a@example.org", "a long enough password")
                .await
                .unwrap()
        );
        assert!(
            !ensure_first_admin(&pool, &clock, "b@example.org", "a long enough password")
                .await
                .unwrap()
        );
        let found = user::find_credentials(&pool, "a@example.org")
            .await
            .unwrap()
            .unwrap();
        assert_eq!(found.role, Role::Admin);
        assert!(
            user::find_credentials(&pool, "b@example.org")
                .await
                .unwrap()
                .is_none()
        );
    }
}
