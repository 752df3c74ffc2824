//! What some of the supported clients, 1.11 and newer, have not got. A test that needs it is left
//! out under them, and says so.

use std::{fmt, io::Write, sync::OnceLock, thread};

use acceptance::release::{Product, Release};
use semver::Version;

use crate::workspace::{Workspace, client};

/// What came after 1.11, or was repaired after it had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    ImportByIdentity,
    ListResources,
    Actions,
    /// Actions that run once the resource that triggers them is there: hashicorp/terraform#37930.
    ActionsAfterwards,
    /// Configuration that the provider writes, not the client.
    GenerateConfig,
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ImportByIdentity => "import by identity",
            Self::ListResources => "list resources",
            Self::Actions => "actions",
            Self::ActionsAfterwards => "actions after the resource that triggers them",
            Self::GenerateConfig => "configuration written by the provider",
        })
    }
}

impl Feature {
    /// The first version of the product that has it; nothing when none has.
    fn since(self, product: Product) -> Option<Version> {
        match (self, product) {
            (Self::ImportByIdentity, _) => Some(Version::new(1, 12, 0)),
            (_, Product::OpenTofu) => None,
            (Self::ListResources | Self::Actions, _) => Some(Version::new(1, 14, 0)),
            (Self::ActionsAfterwards | Self::GenerateConfig, _) => Some(Version::new(1, 14, 1)),
        }
    }

    /// Why the client that the tests run under has not got it; nothing when it has.
    pub fn lacking(self) -> Option<String> {
        let release = under_test();
        let product = release.product;
        match self.since(product) {
            Some(version) if release.version >= version => None,
            Some(version) => Some(format!(
                "{release} has no {self}; {product} {version} is the first that has"
            )),
            None => Some(format!("{release} has no {self}, nor has any {product}")),
        }
    }

    /// Whether the client has it. If not, that is said past the test harness, which shows nothing
    /// of a test that passes.
    pub fn is_there(self) -> bool {
        let lacking = self.lacking();
        if let Some(why) = &lacking {
            let test = thread::current().name().unwrap_or_default().to_owned();
            // Nobody to tell when stderr is gone.
            let _ = writeln!(std::io::stderr(), "left out: {test}: {why}");
        }
        lacking.is_none()
    }
}

/// Whether the client asks for configuration without saying of what, as Terraform 1.14.0 does:
/// hashicorp/terraform#37896. It has then to go without.
pub fn asks_without_object() -> bool {
    let release = under_test();
    release.product == Product::Terraform && release.version == Version::new(1, 14, 0)
}

/// The client that the tests run under.
fn under_test() -> &'static Release {
    static RELEASE: OnceLock<Release> = OnceLock::new();
    RELEASE.get_or_init(|| Release::of(&client()).expect("EVEREST_TEST_TERRAFORM is no client"))
}

/// Proves that what is left out could not have run.
#[test]
fn what_a_client_has_not_got_it_refuses() {
    let identity = "resource \"shelf_shelf\" \"hall\" {
  name    = \"hall\"
  wood    = \"oak\"
  load_kg = \"40\"
}
import {
  to       = shelf_shelf.hall
  identity = { name = \"hall\" }
}
";
    let action = "action \"shelf_dust\" \"hall\" {
  config { shelf = \"hall\" }
}
";
    for (feature, command, configuration, refusal) in [
        (
            Feature::ImportByIdentity,
            "validate",
            identity,
            "An argument named \"identity\" is not expected here",
        ),
        (
            Feature::Actions,
            "validate",
            action,
            "Blocks of type \"action\" are not expected here",
        ),
        (
            Feature::ListResources,
            "query",
            "",
            "no command named \"query\"",
        ),
    ] {
        let workspace = Workspace::new();
        workspace.write(configuration);
        let said = workspace.run(&[command, "-no-color"]);
        match feature.lacking() {
            Some(why) => {
                assert_ne!(said.code, Some(0), "{why}, and yet:\n{}", said.text);
                said.says(refusal);
            }
            None => {
                said.says_not(refusal);
            }
        }
    }
}
