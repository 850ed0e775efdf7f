//! The dashboard: what a browser downloads, and what its first answer says.

use edgewatch_tests::system::{Aggregator, Api, Directory, repository};
use serde_json::{Value, json};
use std::fs;

/// What the code of the dashboard may weigh.
const LIMIT_KB: f64 = 350.0;

pub async fn measure() {
    let dist = repository().join("ui/dist");
    let manifest = fs::read(dist.join("manifest.json")).expect("ui/dist/manifest.json: run `make build`");
    let manifest: Value = serde_json::from_slice(&manifest).expect("a manifest");
    println!("\nDashboard, KB as sent (brotli)");
    let mut code = 0.0;
    for (name, file) in manifest.as_object().into_iter().flatten() {
        let file = file.as_str().unwrap_or_default();
        let path = [format!("{file}.br"), file.to_owned()].map(|file| dist.join(file));
        let size = path
            .iter()
            .find_map(|path| fs::metadata(path).ok())
            .map_or(0, |found| found.len());
        let kb = size as f64 / 1000.0;
        let kind = file.rsplit_once('.').map(|(_, kind)| kind);
        if matches!(kind, Some("js" | "wasm")) {
            code += kb;
        }
        println!("{name:<44}{kb:>10.1}");
    }
    println!("{:<44}{code:>10.1}  of {LIMIT_KB}", "JS + WASM");

    let directory = Directory::new();
    let aggregator = Aggregator::start_with(directory.path(), &[("EDGEWATCH_LOG", "warn")]).await;
    let api = Api::sign_in(&aggregator).await;
    let name = "a monitor that only the database knows";
    let check = json!({"type": "http", "url": "https://example.org/"});
    api.create_monitor(&json!({"name": name, "check": check})).await;
    let response = api.page("/").await;
    let status = response.status();
    let html = response.text().await.expect("a whole answer");
    let answer = if html.contains(name) { "yes" } else { "NO" };
    println!(
        "{:<44}{answer:>10}  ({status}, {:.1} KB of HTML)",
        "first HTML has the data",
        html.len() as f64 / 1000.0
    );
}
