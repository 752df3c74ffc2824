use std::collections::BTreeMap;
use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;

/// Clients read no program at `init`, so any bytes will do.
fn program(name: &str) -> Program {
    Program {
        platform: Platform::named(name).unwrap(),
        content: format!("a program for {name}").into_bytes(),
    }
}

/// The files below a folder with their content.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// A release for this machine and one more platform.
fn release(folder: &Path) {
    let own = Platform::of_this_machine().unwrap().to_string();
    let programs: Vec<_> = Platform::ALL
        .into_iter()
        .map(|platform| platform.to_string())
        .filter(|name| *name == own || name == "windows_amd64")
        .map(|name| program(&name))
        .collect();
    write(&programs, folder).unwrap();
}

#[test]
fn the_checksums_name_each_archive_and_the_manifest() {
    let folder = tempfile::tempdir().unwrap();
    release(folder.path());
    let sums = fs::read_to_string(folder.path().join(asset("SHA256SUMS"))).unwrap();
    let summed: Vec<(&str, &str)> = sums
        .lines()
        .map(|line| line.split_once("  ").unwrap())
        .collect();
    for (digest, name) in &summed {
        let content = fs::read(folder.path().join(name)).unwrap();
        assert_eq!(sha256(&content), *digest, "{name}");
    }
    let names: Vec<_> = summed.iter().map(|(_, name)| *name).collect();
    let own = asset(&format!("{}.zip", Platform::of_this_machine().unwrap()));
    assert_eq!(
        names,
        [own, asset("manifest.json"), asset("windows_amd64.zip")]
    );
}

#[test]
fn the_same_programs_make_the_same_files() {
    let [one, other] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    for folder in [&one, &other] {
        release(folder.path());
    }
    let below = |folder: &Path| -> BTreeMap<PathBuf, Vec<u8>> {
        let found = files(folder).into_iter();
        found
            .map(|(path, content)| (path.strip_prefix(folder).unwrap().to_owned(), content))
            .collect()
    };
    assert_eq!(below(one.path()), below(other.path()));
}

#[test]
fn a_program_for_another_platform_or_with_a_loader_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    let amd64 = binary::tests::program(binary::Architecture::Amd64, 3);
    fs::write(&path, amd64).unwrap();
    for (platform, part) in [
        ("linux_amd64", "dynamically linked"),
        ("linux_arm64", "no 64-bit program for linux_arm64"),
        ("darwin_arm64", "no 64-bit program for darwin_arm64"),
    ] {
        let platform = Platform::named(platform).unwrap();
        let error = Program::read(platform, &path).err().unwrap().to_string();
        assert!(error.contains(part), "{error}");
    }
}

/// The client on PATH.
fn client() -> &'static str {
    ["terraform", "tofu"]
        .into_iter()
        .find(|name| Command::new(name).arg("version").output().is_ok())
        .unwrap()
}

/// Runs the `init` of the client on PATH with a way to install; returns the hashes of the lock
/// file.
fn initialised(method: &str, variables: &[(&str, &Path)]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(
        at("terraform.rc"),
        format!("provider_installation {{\n{method}\n}}\n"),
    )
    .unwrap();
    fs::write(
        at("main.tf"),
        "terraform {\n  required_providers {\n    everest = { source = \"openeverest/everest\" }\n  }\n}\n",
    )
    .unwrap();
    let mut command = Command::new(client());
    command
        .args(["init", "-input=false", "-no-color"])
        .current_dir(folder.path())
        .env("TF_CLI_CONFIG_FILE", at("terraform.rc"))
        .env("CHECKPOINT_DISABLE", "1");
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    fs::read_to_string(at(".terraform.lock.hcl"))
        .unwrap()
        .lines()
        .filter_map(|line| Some(line.trim().strip_prefix('"')?.split_once('"')?.0.to_owned()))
        .collect()
}

/// The hash that the mirror tells of the content of this machine's archive.
fn told(folder: &Path) -> String {
    let path = mirror(folder, HOSTS[0]).join(format!("{VERSION}.json"));
    let told: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    let own = Platform::of_this_machine().unwrap().to_string();
    let hash = &told["archives"][own]["hashes"][0];
    hash.as_str().unwrap().to_owned()
}

#[test]
fn init_installs_from_the_mirror_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    release(folder.path());
    let path = folder.path().join("mirror");
    let hashes = initialised(&format!("  filesystem_mirror {{ path = {path:?} }}"), &[]);
    assert_eq!(hashes, [told(folder.path())]);
}

/// Answers requests for files below a folder, as a web server with a certificate of its own does,
/// for as long as the process runs; returns its port.
fn serve(folder: PathBuf, certificate: CertifiedKey<rcgen::KeyPair>) -> u16 {
    let key = PrivateKeyDer::try_from(certificate.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(
        rustls::crypto::aws_lc_rs::default_provider(),
    ))
    .with_safe_default_protocol_versions()
    .unwrap()
    .with_no_client_auth()
    .with_single_cert(vec![certificate.cert.der().clone()], key)
    .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let (folder, config) = (folder.clone(), config.clone());
            thread::spawn(move || {
                let session = ServerConnection::new(config).unwrap();
                let mut stream = BufReader::new(StreamOwned::new(session, connection.unwrap()));
                let mut lines = Vec::new();
                // A client that does not trust the certificate leaves at once.
                while let Some(line) = line(&mut stream) {
                    lines.push(line);
                }
                let Some(first) = lines.first() else { return };
                let path = first.split(' ').nth(1).unwrap().trim_start_matches('/');
                let (status, content) = match fs::read(folder.join(path)) {
                    Ok(content) => ("200 OK", content),
                    Err(_) => ("404 Not Found", Vec::new()),
                };
                let kind = match path.ends_with(".json") {
                    true => "application/json",
                    false => "application/zip",
                };
                let length = content.len();
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
                );
                let stream = stream.get_mut();
                stream.write_all(head.as_bytes()).unwrap();
                stream.write_all(&content).unwrap();
                stream.conn.send_close_notify();
                // The client may have closed the connection after the last byte.
                let _ = stream.flush();
            });
        }
    });
    port
}

/// The next line of a request's head, without its end; `None` after the last.
fn line(stream: &mut impl std::io::BufRead) -> Option<String> {
    let mut line = String::new();
    stream.read_line(&mut line).ok()?;
    let line = line.trim_end();
    (!line.is_empty()).then(|| line.to_owned())
}

#[test]
fn init_installs_from_the_mirror_on_a_web_server() {
    let folder = tempfile::tempdir().unwrap();
    release(folder.path());
    let certificate = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let trusted = folder.path().join("certificate.pem");
    fs::write(&trusted, certificate.cert.pem()).unwrap();
    let port = serve(folder.path().join("mirror"), certificate);
    let hashes = initialised(
        &format!("  network_mirror {{ url = \"https://localhost:{port}/\" }}"),
        &[("SSL_CERT_FILE", &trusted)],
    );
    assert_eq!(hashes, [told(folder.path())]);
}
