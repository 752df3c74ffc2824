//! Debug mode: a person starts the provider, for example in a debugger, and tells the host how to
//! connect to it.

use serde_json::json;

use super::handshake::PROTOCOL;

/// The registry that Terraform uses if a source names none; OpenTofu uses its own.
const DEFAULT_REGISTRY: &str = "registry.terraform.io/";

/// The value for TF_REATTACH_PROVIDERS: JSON in one line. `Test` is true, so that the host checks
/// the protocol version and never ends the process. The source omits the default registry, because
/// Terraform and OpenTofu each add their own.
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

/// The instructions for the person who started the provider.
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
