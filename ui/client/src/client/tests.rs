//! When sessions are renewed, and what becomes of answers that are not what was promised.

use super::*;
use crate::transport::Sending;
use std::sync::Mutex as StdMutex;

/// Answers from a script of `(status, body)` and remembers what it was asked.
struct Script {
    answers: StdMutex<Vec<(u16, String)>>,
    asked: Arc<StdMutex<Vec<String>>>,
    refreshes: bool,
}

impl Transport for Script {
    fn send(&self, request: Request) -> Sending {
        self.asked
            .lock()
            .unwrap()
            .push(format!("{} {}", request.method.as_str(), request.path));
        let (status, body) = self.answers.lock().unwrap().remove(0);
        Box::pin(async move { Ok(Response { status, body }) })
    }
    fn can_refresh(&self) -> bool {
        self.refreshes
    }
}

fn client(refreshes: bool, answers: Vec<(u16, String)>) -> (Client, Arc<StdMutex<Vec<String>>>) {
    let asked = Arc::<StdMutex<Vec<String>>>::default();
    let script = Script {
        answers: StdMutex::new(answers),
        asked: asked.clone(),
        refreshes,
    };
    (Client::new(script), asked)
}

fn unauthenticated() -> (u16, String) {
    let problem = Problem::new(ProblemType::Unauthenticated);
    (401, serde_json::to_string(&problem).unwrap())
}

#[tokio::test]
async fn an_ended_session_is_renewed_once_and_the_request_repeated() {
    let regions = (200, "[]".to_owned());
    let (client, asked) = client(true, vec![unauthenticated(), (204, String::new()), regions]);
    assert_eq!(client.list_regions().await.unwrap(), []);
    assert_eq!(
        *asked.lock().unwrap(),
        [
            "GET /api/v1/regions",
            "POST /api/v1/session/refresh",
            "GET /api/v1/regions"
        ]
    );
}

#[tokio::test]
async fn where_the_session_cannot_be_renewed_the_first_answer_stands() {
    let (client, asked) = client(true, vec![unauthenticated(), unauthenticated()]);
    let problem = client.list_regions().await.unwrap_err();
    assert_eq!(problem.kind(), Some(ProblemType::Unauthenticated));
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn a_transport_without_the_refresh_cookie_does_not_try() {
    let (client, asked) = client(false, vec![unauthenticated()]);
    assert!(client.get_session().await.is_err());
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_refused_sign_in_is_not_the_end_of_a_session() {
    let (client, asked) = client(true, vec![unauthenticated()]);
    let request = SignInRequest {
        email: "a@example.com".to_owned(),
        password: "wrong".to_owned(),
    };
    assert!(client.sign_in(&request).await.is_err());
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_page_that_is_no_problem_document_becomes_one() {
    let (client, _) = client(true, vec![(502, "<html>bad gateway".to_owned())]);
    let problem = client.get_overview().await.unwrap_err();
    assert_eq!(problem.status, 502);
    assert!(problem.detail.unwrap().contains("502"));
}
