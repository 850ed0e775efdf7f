//! The demo watches what its target offers.

#![allow(clippy::unwrap_used)]

use edgewatch_aggregator::config_file::ConfigFile;
use edgewatch_protocol::check::Check;
use edgewatch_tests::target::{Options, Target};
use std::collections::HashMap;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

#[tokio::test]
async fn every_monitor_of_the_demo_has_something_to_watch() {
    let faults = |faults: Vec<_>| panic!("{faults:?}");
    let file = ConfigFile::parse(include_str!("../demo.yml"), &HashMap::new()).unwrap_or_else(faults);
    let target = Target::start(Options {
        demo: true,
        ..Options::default()
    })
    .await
    .unwrap();
    // Asked over HTTP throughout: every listener has the same paths.
    let address = target.addresses().http.trim_start_matches("http://");
    let mut statuses = Vec::new();
    for monitor in &file.monitors {
        let Check::Http(check) = &monitor.check else {
            panic!("{}", monitor.name);
        };
        let (origin, path) = check.url.rsplit_once('/').unwrap();
        assert!(
            ["http://127.0.0.1:9090", "https://localhost:9091"].contains(&origin),
            "{origin}"
        );
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /{path} HTTP/1.1\r\nHost: target\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        statuses.push(answer[9..12].to_owned());
    }
    assert_eq!(statuses, ["200", "200", "200", "503", "200"]);
}
