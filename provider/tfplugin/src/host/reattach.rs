//! Debug mode: a person starts the provider, in a debugger perhaps, and tells the host where it is.

use serde_json::json;

use super::handshake::PROTOCOL;

/// The registry that Terraform takes where a source names none; OpenTofu takes its own.
const DEFAULT_REGISTRY: &str = "registry.terraform.io/";

/// What to put into TF_REATTACH_PROVIDERS: JSON in one line. `Test` is true, so that the host
/// takes the protocol version seriously and never ends the process. The source names no registry
/// where that is the default one: Terraform and OpenTofu each put their own in front.
pub(super) fn value(source: &str, network: &str, address: &str) -> String {
    let provider = json!({
        "Protocol": "grpc",
        "ProtocolVersion": PROTOCOL,
        "Pid": std::process::id(),
        "Test": true,
        "Addr": { "Network": network, "String": address },
    });
    let source = source.strip_prefix(DEFAULT_REGISTRY).unwrap_or(source);
    json!({ source: provider }).to_string()
}

/// What a person reads.
pub(super) fn instructions(value: &str) -> String {
    let quoted = value.replace('\'', r"'\''");
    let powershell = value.replace('\'', "''");
    format!(
        "Provider started. Attach Terraform to it by setting TF_REATTACH_PROVIDERS:\n\n\
         \tsh:         export TF_REATTACH_PROVIDERS='{quoted}'\n\
         \tcmd:        set \"TF_REATTACH_PROVIDERS={value}\"\n\
         \tPowerShell: $env:TF_REATTACH_PROVIDERS='{powershell}'\n\n\
         Ctrl-C ends it.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_finds_what_it_needs() {
        let json: serde_json::Value =
            serde_json::from_str(&value("registry.terraform.io/a/b", "unix", "/tmp/s")).unwrap();
        let provider = &json["a/b"];
        assert_eq!(provider["ProtocolVersion"], 6);
        assert_eq!(provider["Test"], true);
        assert_eq!(provider["Addr"]["String"], "/tmp/s");
        let own = value("registry.example.com/a/b", "unix", "/tmp/s");
        assert!(own.contains("\"registry.example.com/a/b\""), "{own}");
    }
}
