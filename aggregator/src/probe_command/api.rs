//! The REST API, as far as the command needs it.

use super::deployment::Deployment;
use axum::http::{Method, Request, Response, StatusCode, header};
use edgewatch_agent::HttpTransport;
use edgewatch_client::{
    enrolment_token::{EnrolmentToken, EnrolmentTokenRequest},
    probe::Probe,
    region::RegionSettings,
    session::{SessionResponse, SignInRequest},
};
use edgewatch_protocol::{name::Region, problem::Problem};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::sync::Mutex;
use url::Url;

/// The longest label of a token, in characters.
const LABEL_CHARACTERS: usize = 100;

/// A signed-in administrator.
pub(super) struct Api {
    transport: HttpTransport,
    server: Url,
    credentials: SignInRequest,
    /// Short-lived: a request that is refused for it signs in again.
    access_token: Mutex<String>,
}

/// A region in the list; its settings matter no further.
#[derive(Deserialize)]
struct RegionName {
    name: Region,
}

impl Api {
    /// Signs in.
    ///
    /// # Errors
    /// In one line, without the password.
    pub(super) async fn sign_in(server: Url, email: String, password: String) -> Result<Self, String> {
        let api = Self {
            transport: HttpTransport::new(&[])?,
            server,
            credentials: SignInRequest { email, password },
            access_token: Mutex::default(),
        };
        api.renew().await?;
        Ok(api)
    }

    async fn renew(&self) -> Result<(), String> {
        let body = serde_json::to_vec(&self.credentials).map_err(|error| error.to_string())?;
        let answer = self
            .send(Method::POST, "/api/v1/session", Some(body), None)
            .await?;
        let session: SessionResponse = self.read(&answer, "signing in")?;
        *self.access_token.lock().await = session.access_token.unwrap_or_default();
        Ok(())
    }

    /// The names of all regions.
    pub(super) async fn list_regions(&self) -> Result<Vec<Region>, String> {
        let regions: Vec<RegionName> = self
            .request(Method::GET, "/api/v1/regions", None::<&()>, "the list of regions")
            .await?;
        Ok(regions.into_iter().map(|region| region.name).collect())
    }

    /// Makes a region.
    pub(super) async fn create_region(&self, region: &Region) -> Result<(), String> {
        let settings = RegionSettings {
            name: region.clone(),
            label: String::new(),
        };
        let what = format!("the region {region}");
        self.request::<RegionName>(Method::POST, "/api/v1/regions", Some(&settings), &what)
            .await
            .map(drop)
    }

    /// All probes.
    pub(super) async fn list_probes(&self) -> Result<Vec<Probe>, String> {
        self.request(Method::GET, "/api/v1/probes", None::<&()>, "the list of probes")
            .await
    }

    /// Makes a token that enrols a deployment's probes and no others.
    pub(super) async fn create_enrolment_token(
        &self,
        deployment: &Deployment,
        self_approving: bool,
        valid_hours: u16,
    ) -> Result<EnrolmentToken, String> {
        let regions = deployment.regions();
        let names: Vec<_> = regions.iter().map(Region::as_str).collect();
        let label = format!("{}: {}", deployment.host().as_str(), names.join(", "));
        let request = EnrolmentTokenRequest {
            label: label.chars().take(LABEL_CHARACTERS).collect(),
            regions,
            probes_per_region: deployment.probes_per_region(),
            self_approving,
            valid_hours,
        };
        self.request(
            Method::POST,
            "/api/v1/enrolment-tokens",
            Some(&request),
            "the enrolment token",
        )
        .await
    }

    async fn request<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
        what: &str,
    ) -> Result<T, String> {
        let body = body.map(serde_json::to_vec).transpose();
        let body = body.map_err(|error| error.to_string())?;
        let token = self.access_token.lock().await.clone();
        let mut answer = self
            .send(method.clone(), path, body.clone(), Some(&token))
            .await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            self.renew().await?;
            let token = self.access_token.lock().await.clone();
            answer = self.send(method, path, body, Some(&token)).await?;
        }
        self.read(&answer, what)
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        token: Option<&str>,
    ) -> Result<Response<Vec<u8>>, String> {
        let prefix = self.server.as_str().trim_end_matches('/');
        let mut request = Request::builder().method(method).uri(format!("{prefix}{path}"));
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(body.unwrap_or_default())
            .map_err(|error| error.to_string())?;
        let answer = self.transport.send(request).await;
        answer.map_err(|error| format!("{prefix} cannot be reached: {error}"))
    }

    fn read<T: DeserializeOwned>(&self, answer: &Response<Vec<u8>>, what: &str) -> Result<T, String> {
        if answer.status().is_success() {
            return serde_json::from_slice(answer.body())
                .map_err(|error| format!("{what}: {} answers something else: {error}", self.server));
        }
        let Ok(problem) = serde_json::from_slice::<Problem>(answer.body()) else {
            return Err(format!(
                "{what}: {} answers {}, and is no Edgewatch",
                self.server,
                answer.status()
            ));
        };
        let fault = problem.errors.first();
        let fault = fault.map(|fault| format!("{} {}", fault.pointer.trim_start_matches('/'), fault.detail));
        let detail = fault.or(problem.detail).unwrap_or(problem.title);
        Err(format!("{what}: {detail}"))
    }
}
