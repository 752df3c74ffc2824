//! What some of the supported clients, 1.11 and newer, have not got. A test that needs it is left
//! out under them, and says so; what no pinned client has fails a test here.

use std::{fmt, io::Write, path::PathBuf, sync::OnceLock, thread};

use semver::Version;

use crate::release::{Product, Release};

/// Names the client that the tests run under: a path, or a program on PATH.
pub const CLIENT: &str = "EVEREST_TEST_TERRAFORM";

/// What came after 1.11, or was repaired after it had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// `import { identity = {…} }`.
    ImportByIdentity,
    /// `terraform query`.
    ListResources,
    /// `action` blocks and `-invoke`.
    Actions,
    /// Actions that run once the resource that triggers them is there: hashicorp/terraform#37930.
    ActionsAfterwards,
    /// Actions that a destruction triggers.
    ActionsOnDestruction,
    /// Configuration that the provider writes, not the client.
    GenerateConfig,
    /// What a plan notes in private reaches the plan that an apply makes again.
    PlannedPrivate,
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ImportByIdentity => "import by identity",
            Self::ListResources => "list resources",
            Self::Actions => "actions",
            Self::ActionsAfterwards => "actions after the resource that triggers them",
            Self::ActionsOnDestruction => "actions that a destruction triggers",
            Self::GenerateConfig => "configuration written by the provider",
            Self::PlannedPrivate => "private data of a plan that is made again",
        })
    }
}

impl Feature {
    /// Every feature.
    pub const ALL: [Self; 7] = [
        Self::ImportByIdentity,
        Self::ListResources,
        Self::Actions,
        Self::ActionsAfterwards,
        Self::ActionsOnDestruction,
        Self::GenerateConfig,
        Self::PlannedPrivate,
    ];

    /// The first version of the product that has it; nothing when none has.
    fn since(self, product: Product) -> Option<Version> {
        match (self, product) {
            (Self::ImportByIdentity, _) => Some(Version::new(1, 12, 0)),
            (_, Product::OpenTofu) => None,
            (Self::ListResources | Self::Actions, _) => Some(Version::new(1, 14, 0)),
            (Self::ActionsAfterwards | Self::GenerateConfig, _) => Some(Version::new(1, 14, 1)),
            (Self::ActionsOnDestruction | Self::PlannedPrivate, _) => Some(Version::new(1, 16, 0)),
        }
    }

    /// Why the client that the tests run under has not got it; nothing when it has.
    #[must_use]
    pub fn lacking(self) -> Option<String> {
        self.lacking_in(under_test())
    }

    fn lacking_in(self, release: &Release) -> Option<String> {
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
    #[must_use]
    pub fn is_there(self) -> bool {
        let lacking = self.lacking();
        if let Some(why) = &lacking {
            left_out(why);
        }
        lacking.is_none()
    }
}

/// Says that the running test is left out, as `left out: TEST: WHY` past the test harness.
pub fn left_out(why: &str) {
    let test = thread::current().name().unwrap_or_default().to_owned();
    // Nobody to tell when stderr is gone.
    let _ = writeln!(std::io::stderr(), "left out: {test}: {why}");
}

/// Whether the client asks for configuration without saying of what, as Terraform 1.14.0 does:
/// hashicorp/terraform#37896. It has then to go without.
#[must_use]
pub fn asks_without_object() -> bool {
    let release = under_test();
    release.product == Product::Terraform && release.version == Version::new(1, 14, 0)
}

/// The line that an import block needs until its resource has a configuration: Terraform 1.16.0 to
/// 1.16.2 do not look into `required_providers` for it, see hashicorp/terraform#39144. With a
/// configuration the block must be without it.
#[must_use]
pub fn provider_of_an_import(provider: &str) -> String {
    let release = under_test();
    let affected = Version::new(1, 16, 0)..Version::new(1, 16, 3);
    if release.product == Product::Terraform && affected.contains(&release.version) {
        format!("  provider = {provider}\n")
    } else {
        String::new()
    }
}

/// The client that the tests run under; `terraform` on PATH unless it is named.
#[must_use]
pub fn client() -> PathBuf {
    std::env::var_os(CLIENT).map_or_else(|| PathBuf::from("terraform"), PathBuf::from)
}

/// Which one it is.
fn under_test() -> &'static Release {
    static RELEASE: OnceLock<Release> = OnceLock::new();
    RELEASE.get_or_init(|| {
        let client = client();
        Release::of(&client)
            .unwrap_or_else(|| panic!("{CLIENT}: {} is no client", client.display()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The client that a Go module of `tools` builds.
    fn pinned(product: Product, folder: &str, module: &str) -> Release {
        let path = format!("{}/tools/{folder}/go.mod", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let version = text
            .lines()
            .find_map(|line| line.trim().strip_prefix(module)?.strip_prefix(" v"))
            .and_then(|rest| rest.split_whitespace().next())
            .unwrap();
        Release {
            product,
            version: Version::parse(version).unwrap(),
        }
    }

    fn matrix() -> [Release; 2] {
        [
            pinned(
                Product::Terraform,
                "terraform",
                "github.com/hashicorp/terraform",
            ),
            pinned(
                Product::OpenTofu,
                "opentofu",
                "github.com/opentofu/opentofu",
            ),
        ]
    }

    #[test]
    fn a_pinned_client_has_each_feature() {
        let matrix = matrix();
        for feature in Feature::ALL {
            let lacking: Vec<String> = matrix
                .iter()
                .filter_map(|release| feature.lacking_in(release))
                .collect();
            assert!(
                lacking.len() < matrix.len(),
                "its tests run under no client: {lacking:?}"
            );
        }
    }

    /// A function in a file of scenarios.
    struct Function<'a> {
        name: &'a str,
        body: &'a str,
        is_test: bool,
    }

    /// The scenarios that ask for a feature, themselves or by a helper, as the harness names them.
    fn asking() -> Vec<String> {
        let folder = format!("{}/tests/scenarios", env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "rs") {
                continue;
            }
            let module = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            let named = text.split("\nfn ").collect::<Vec<_>>();
            let functions: Vec<Function> = named
                .windows(2)
                .map(|pair| Function {
                    name: pair[1].split_once('(').unwrap().0,
                    body: pair[1],
                    is_test: pair[0].trim_end().ends_with("#[test]"),
                })
                .collect();
            let asks = |function: &Function| function.body.contains(".is_there()");
            let helpers: Vec<String> = functions
                .iter()
                .filter(|function| !function.is_test && asks(function))
                .map(|helper| format!("{}(", helper.name))
                .collect();
            let scenarios = functions.iter().filter(|function| function.is_test);
            for scenario in scenarios {
                if asks(scenario) || helpers.iter().any(|call| scenario.body.contains(call)) {
                    found.push(format!("{module}::{}", scenario.name));
                }
            }
        }
        found
    }

    #[test]
    fn scenarios_that_need_a_feature_run_under_each_client() {
        let list = include_str!("../tests/scenarios/under-each-client.txt");
        let asking = asking();
        assert!(!asking.is_empty());
        for scenario in asking {
            assert!(
                list.lines().any(|line| line == scenario),
                "{scenario} would run on the days of a client that has the feature alone"
            );
        }
    }

    #[test]
    fn a_client_without_a_feature_says_which_has_it() {
        let old = Release {
            product: Product::Terraform,
            version: Version::new(1, 14, 0),
        };
        assert_eq!(Feature::Actions.lacking_in(&old), None);
        let why = Feature::ActionsAfterwards.lacking_in(&old).unwrap();
        assert!(why.contains("Terraform 1.14.1 is the first"), "{why}");
        let tofu = &matrix()[1];
        let why = Feature::Actions.lacking_in(tofu).unwrap();
        assert!(why.contains("nor has any OpenTofu"), "{why}");
    }
}
