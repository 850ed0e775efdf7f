//! Visits of what stands around a status page: its language for the visitor, and its addresses.

use super::{ApiError, auth::origin, error::ApiResult};
use crate::{state::AppState, status_pages::LivePage, subscription::outgoing::page_address};
use axum::http::{HeaderMap, Uri, header::ACCEPT_LANGUAGE};
use edgewatch_client::status_page::PageLanguage;
use edgewatch_ui::public::{Frame, Seen, negotiate};
use std::sync::Arc;
use url::{Url, form_urlencoded};

/// A visit.
pub struct PageVisit {
    /// The page.
    pub live: Arc<LivePage>,
    /// Its language for this visitor.
    pub language: PageLanguage,
    is_chosen: bool,
    base: String,
    address: Url,
}

impl PageVisit {
    /// A visit of a page whose addresses begin with `base`, by somebody who may see it or has a link.
    ///
    /// # Errors
    /// Where the request's host is none that an address can be made of.
    pub fn new(
        state: &AppState,
        live: Arc<LivePage>,
        base: String,
        headers: &HeaderMap,
        uri: &Uri,
    ) -> ApiResult<Self> {
        let page = &live.snapshot.page;
        let query = uri.query().unwrap_or_default().as_bytes();
        let chosen = form_urlencoded::parse(query)
            .find(|(name, _)| name == "lang")
            .and_then(|(_, tag)| PageLanguage::from_tag(&tag));
        let accepted = headers.get(ACCEPT_LANGUAGE);
        let accepted = accepted.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let settings = state.settings();
        let address = match page_address(page, &settings) {
            Some(address) => address,
            None => {
                Url::parse(&format!("{}{base}", origin(&settings, headers))).map_err(ApiError::internal)?
            }
        };
        Ok(Self {
            language: chosen.or(page.language).unwrap_or_else(|| negotiate(accepted)),
            is_chosen: chosen.is_some(),
            base,
            address,
            live,
        })
    }

    /// The page's address.
    pub fn address(&self) -> Url {
        self.address.clone()
    }

    /// What pages of this visit are rendered with.
    pub fn frame<'a>(&'a self, state: &'a AppState) -> Frame<'a> {
        Frame {
            assets: state.documents.assets(),
            language: self.language,
            is_chosen: self.is_chosen,
            base: &self.base,
            origin: "",
            seen: Seen::At(state.clock.now()),
        }
    }
}
