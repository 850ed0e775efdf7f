//! What links in messages lead to: confirming a subscription, changing and ending one's own.

use super::{Fields, Visit, html};
use crate::{
    http::error::ApiResult,
    store::subscriber::{StoredSubscriber, change_subscriber, delete_subscriber, find_subscriber},
    subscription::{Asked, open_target, own_token, read_own_token, show_target},
};
use axum::{http::StatusCode, response::Response};
use edgewatch_client::status_page::PageLanguage;
use edgewatch_ui::public::{OwnSubscription, confirm_page, confirmed_page, ended_page, manage_page};

impl Visit<'_> {
    pub(super) fn ask_to_confirm(&self, token: &str) -> Response {
        match Asked::read(&self.state.secrets, self.page(), token, self.state.clock.now()) {
            Some(asked) => {
                let shown = show_target(asked.channel, &asked.target);
                html(
                    confirm_page(&self.frame, &self.live.snapshot.page, token, &shown),
                    StatusCode::OK,
                )
            }
            None => self.link_invalid(),
        }
    }

    pub(super) async fn confirm(&self, token: &str) -> ApiResult<Response> {
        let now = self.state.clock.now();
        let Some(mut asked) = Asked::read(&self.state.secrets, self.page(), token, now) else {
            return Ok(self.link_invalid());
        };
        asked.components = self.known(&asked.components);
        let Some(id) = self.put(&asked, None).await? else {
            return Ok(self.link_invalid());
        };
        let token = own_token(&self.state.secrets, self.page(), id);
        let shown = show_target(asked.channel, &asked.target);
        let page = &self.live.snapshot.page;
        Ok(html(
            confirmed_page(&self.frame, page, &shown, &token, None),
            StatusCode::OK,
        ))
    }

    async fn find_own(&self, token: &str) -> ApiResult<Option<StoredSubscriber>> {
        let Some(id) = read_own_token(&self.state.secrets, self.page(), token) else {
            return Ok(None);
        };
        Ok(find_subscriber(&self.state.pool, self.page(), id).await?)
    }

    pub(super) async fn show_own(&self, token: &str, is_saved: bool) -> ApiResult<Response> {
        let Some(own) = self.find_own(token).await? else {
            return Ok(self.link_invalid());
        };
        let target = open_target(&self.state.secrets, own.page, &own.target).unwrap_or_default();
        let shown = OwnSubscription {
            token: token.to_owned(),
            target: show_target(own.channel, &target),
            components: own.components,
            language: own.language,
            is_saved,
        };
        let snapshot = &self.live.snapshot;
        let page = manage_page(&self.frame, &snapshot.page, &snapshot.components, &shown);
        Ok(html(page, StatusCode::OK))
    }

    pub(super) async fn manage(&self, token: &str, posted: &Fields) -> ApiResult<Response> {
        let Some(own) = self.find_own(token).await? else {
            return Ok(self.link_invalid());
        };
        let components = self.known(&posted.components());
        let language = posted
            .get("language")
            .and_then(|tag| PageLanguage::from_tag(&tag))
            .unwrap_or(own.language);
        change_subscriber(&self.state.pool, own.page, own.id, &components, language).await?;
        self.show_own(token, true).await
    }

    pub(super) async fn unsubscribe(&self, token: &str) -> ApiResult<Response> {
        let Some(id) = read_own_token(&self.state.secrets, self.page(), token) else {
            return Ok(self.link_invalid());
        };
        // A second click finds nothing, and that is what was wanted.
        if delete_subscriber(&self.state.pool, self.page(), id).await? {
            tracing::info!(page = self.page(), subscriber = id, "subscription ended");
        }
        Ok(html(
            ended_page(&self.frame, &self.live.snapshot.page),
            StatusCode::OK,
        ))
    }
}
