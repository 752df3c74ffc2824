//! What goes wrong between a client and the server.

use std::time::Duration;

use serde_json::json;
use test_apiserver::{ApiServer, At, Fault, Matcher, Times, Trouble, When};
use tokio::time::{Instant, timeout};

use crate::client::{api, create, server, widget};

const WIDGET: &str = "/apis/example.com/v1/namespaces/default/widgets/w";

/// How a creation ends that meets a fault: what its client hears, and what there is then.
async fn met(trouble: Trouble, when: When) -> (String, bool) {
    let server = server();
    let process = server.process();
    process.inject(Fault::new(At::Write(1), when, trouble));
    let widgets = api(process.client());
    let object = serde_json::from_value(widget("w", json!({}))).unwrap();
    let params = Default::default();
    let creation = widgets.create(&params, &object);
    let heard = match timeout(Duration::from_secs(60), creation).await {
        Err(_) => "nothing".to_owned(),
        Ok(Ok(_)) => "success".to_owned(),
        Ok(Err(kube::Error::Api(status))) => format!("{} {}", status.code, status.reason),
        Ok(Err(error)) => {
            let mut texts = vec![error.to_string()];
            let mut source = std::error::Error::source(&error);
            while let Some(error) = source {
                texts.push(error.to_string());
                source = error.source();
            }
            texts.join(": ")
        }
    };
    (heard, server.get(WIDGET).is_some())
}

#[tokio::test(start_paused = true)]
async fn a_fault_before_the_work_leaves_it_undone_and_one_after_it_hides_it() {
    use Trouble::*;
    for (trouble, before, after) in [
        (Kill, Some("nothing"), Some("nothing")),
        (Refused, Some("Connection refused (os error 111)"), None),
        (
            Reset,
            Some("Connection reset by peer (os error 104)"),
            Some("reset by peer"),
        ),
        (NoAnswer, Some("nothing"), Some("nothing")),
        (Cut, None, Some("end of file before message length reached")),
        (Truncated, None, Some("EOF while parsing")),
        (TooMany(1), Some("429 "), None),
        (Status(401), Some("401 Unauthorized"), None),
        (Status(403), Some("403 Forbidden"), None),
        (Status(409), Some("409 Conflict"), None),
        (
            Status(500),
            Some("500 InternalError"),
            Some("500 InternalError"),
        ),
        (
            Status(503),
            Some("503 ServiceUnavailable"),
            Some("503 ServiceUnavailable"),
        ),
        (Status(504), Some("504 Timeout"), Some("504 Timeout")),
    ] {
        for (when, expected) in [(When::Before, before), (When::After, after)] {
            assert_eq!(
                trouble.fits(when),
                expected.is_some(),
                "{trouble:?} {when:?}"
            );
            let Some(expected) = expected else { continue };
            let (heard, there) = met(trouble.clone(), when).await;
            assert!(heard.contains(expected), "{trouble:?} {when:?}: {heard}");
            assert_eq!(there, when == When::After, "{trouble:?} {when:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_takes_its_time() {
    let begun = Instant::now();
    let slow = Trouble::Slow(Duration::from_secs(20));
    assert_eq!(met(slow, When::After).await, ("success".to_owned(), true));
    assert_eq!(begun.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_heard_of_a_process_after_its_death() {
    let server = server();
    let process = server.process();
    let widgets = api(process.client());
    process.kill();
    let object = widget("w", json!({}));
    let write = tokio::spawn(async move { create(&widgets, object).await.is_ok() });
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!write.is_finished());
    process.bury();
    assert!(
        write.await.is_err(),
        "it ends with an error that is no answer"
    );
    assert_eq!(server.get(WIDGET), None);
}

#[tokio::test(start_paused = true)]
async fn a_fault_happens_as_often_as_it_says() {
    let process = server().process();
    let widgets = api(process.client());
    let refused = |times| {
        let at = At::Matching(Matcher::verb("get").resource("widgets"));
        process.heal();
        process.inject(Fault::new(at, When::Before, Trouble::Status(503)).times(times));
    };
    let failures = async || {
        let mut failures = 0;
        for _ in 0..10 {
            failures += usize::from(widgets.get_opt("w").await.is_err());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        failures
    };
    refused(Times::Once);
    assert_eq!(failures().await, 1);
    refused(Times::Exactly(3));
    assert_eq!(failures().await, 3);
    refused(Times::For(Duration::from_millis(4500)));
    assert_eq!(failures().await, 5);
    refused(Times::Always);
    assert_eq!(failures().await, 10);
}

#[tokio::test(start_paused = true)]
async fn a_loop_over_all_faults_meets_each_request_of_a_story() {
    async fn story(server: &ApiServer, fault: Option<Fault>) -> usize {
        let process = server.process();
        if let Some(fault) = fault {
            process.inject(fault);
        }
        let widgets = api(process.client());
        let run = async {
            if let Ok(None) = widgets.get_opt("w").await {
                let object = serde_json::from_value(widget("w", json!({}))).unwrap();
                let _ = widgets.create(&Default::default(), &object).await;
            }
        };
        let _ = timeout(Duration::from_secs(60), run).await;
        process.requests().len()
    }
    let requests = story(&server(), None).await;
    assert_eq!(requests, 2);
    let mut runs = 0;
    for at in 1..=requests {
        for fault in Fault::each_at(&At::Request(at)) {
            let server = server();
            story(&server, Some(fault.clone())).await;
            story(&server, None).await;
            assert_eq!(server.made(WIDGET), 1, "{fault:?}");
            runs += 1;
        }
    }
    assert!(runs > 30, "{runs}");
}
