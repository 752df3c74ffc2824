//! API servers that lack what the provider needs.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use serde_json::json;

/// Address of an API server that serves the core kinds, without objects, and `groups`.
pub fn api_server(groups: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // A client that hangs up early has what it wanted.
            thread::spawn(move || answer(stream, groups).ok());
        }
    });
    address
}

fn answer(mut stream: TcpStream, groups: &[&str]) -> std::io::Result<()> {
    let mut request = BufReader::new(stream.try_clone()?);
    let mut first = String::new();
    request.read_line(&mut first)?;
    let mut length = 0;
    loop {
        let mut header = String::new();
        request.read_line(&mut header)?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
    }
    request.take(length).read_to_end(&mut Vec::new())?;

    let path = first.split([' ', '?']).nth(1).unwrap_or_default();
    let (status, kind, body) = if groups.contains(&path) {
        (
            200,
            "application/json",
            json!({"kind": "APIGroup", "apiVersion": "v1"}).to_string(),
        )
    } else if let Some(rest) = path.strip_prefix("/api/v1/namespaces/") {
        let (kind, name) = match rest.split_once('/') {
            None => ("namespaces", rest),
            Some((_, object)) => object.split_once('/').unwrap_or((object, "")),
        };
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404,
            "reason": "NotFound", "message": format!("{kind} {name:?} not found"),
            "details": {"name": name, "kind": kind},
        });
        (404, "application/json", body.to_string())
    } else {
        (404, "text/plain", "404 page not found\n".to_owned())
    };
    write!(
        stream,
        "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}
