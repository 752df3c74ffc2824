//! The cost of the function: the requests per second of one thread, and the memory of an idle
//! server.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    missing_docs,
    reason = "not part of the crate"
)]

use std::fs;
use std::hint::black_box;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use everest_crossplane::function::respond;
use function_sdk_rust::proto::v1::RunFunctionRequest;
use function_sdk_rust::proto::v1::function_runner_service_client::FunctionRunnerServiceClient;
use tonic::transport::Endpoint;

/// The duration of the measurement.
const COUNTED: Duration = Duration::from_secs(2);

/// Requests that the server answers before its memory is read.
const SERVED: usize = 1000;

fn main() {
    let request = request();
    black_box(respond(&request));
    let started = Instant::now();
    let mut answers = 0_u32;
    while started.elapsed() < COUNTED {
        black_box(respond(black_box(&request)));
        answers += 1;
    }
    let each = started.elapsed() / answers;
    let a_second = f64::from(answers) / started.elapsed().as_secs_f64();
    println!("function in process: {a_second:.0} requests/s, {each:.1?} each (one thread)");

    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(serve(request));
}

/// A ready database with its schedule, its Secret and all that is looked up.
fn request() -> RunFunctionRequest {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/function/golden/3-ready/request.yaml");
    serde_yaml_ng::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

async fn serve(request: RunFunctionRequest) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let mut server = Command::new(env!("CARGO_BIN_EXE_everest-crossplane"))
        .args([
            "function",
            "--insecure",
            "--metrics-address",
            "",
            "--address",
            &address,
        ])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
    let channel = loop {
        match endpoint.connect().await {
            Ok(channel) => break channel,
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let idle = resident(server.id());
    let mut client = FunctionRunnerServiceClient::new(channel);
    let started = Instant::now();
    for _ in 0..SERVED {
        client.run_function(request.clone()).await.unwrap();
    }
    let each = started.elapsed() / u32::try_from(SERVED).unwrap();
    let after = resident(server.id());
    println!("function over gRPC: {each:.1?} each, one after another");
    println!("function resident: {idle} idle, {after} after {SERVED} requests");
    server.kill().unwrap();
    server.wait().unwrap();
}

/// The resident memory of a process, as Linux counts it.
fn resident(process: u32) -> String {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .trim()
            .strip_suffix(" kB")?
            .trim()
            .parse::<f64>()
            .ok()
    });
    kilobytes.map_or("unknown here".to_owned(), |kilobytes| {
        format!("{:.1} MiB", kilobytes / 1024.0)
    })
}
