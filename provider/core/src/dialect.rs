//! The names that each front end has for the fields and resources in texts.

use everest_schemas::for_each_kind;
use everest_schemas::managed::ManagedModel;

use crate::path::FieldPath;

macro_rules! resources {
    ($($module:ident::$kind:ident = $model:ty;)*) => {
        /// A resource that users write.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Resource {
            $(
                #[doc = concat!("The kind `", stringify!($kind), "`.")]
                $kind,
            )*
        }

        impl Resource {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// Its name in templates of texts: the kind of its managed resource.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$kind => <$model>::KIND,)*
                }
            }

            const fn in_terraform(self) -> &'static str {
                match self {
                    $(Self::$kind => concat!("everest_", stringify!($module)),)*
                }
            }

            const fn in_compositions(self) -> &'static str {
                match self {
                    $(Self::$kind => <$model>::EVEREST_KIND,)*
                }
            }
        }
    };
}

for_each_kind!(resources);

/// Advice that differs between front ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phrase {
    /// Advice for a missing object that the same run may still create.
    MayStillCome,
    /// Advice to update a database's CR version before its engine version.
    TakeOverFirst,
    /// Advice to delete a paused database.
    DeletePaused,
    /// Advice to start a paused database before its deletion.
    StartFirst,
    /// Advice to remove the deletion protection of a database.
    Unprotect,
    /// Advice to omit the storage class if the class of the volumes is not known.
    NameNoClass,
    /// Advice to set the credentials of a backup storage.
    GiveCredentials,
    /// Advice to omit the credentials of a backup storage, so that its Secret is not changed.
    LeaveCredentialsOut,
    /// Advice to import with another Secret than one that exists.
    UseAnotherSecret,
    /// How a monitoring configuration is given its API key.
    GiveApiKey,
    /// How it is given none.
    LeaveApiKeyOut,
    /// How to read an object that Everest ships; the resource follows.
    ReadShipped,
    /// How a certificate authority is given.
    GiveAuthority,
    /// How none is given.
    LeaveAuthorityOut,
}

impl Phrase {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::MayStillCome,
        Self::TakeOverFirst,
        Self::DeletePaused,
        Self::StartFirst,
        Self::Unprotect,
        Self::NameNoClass,
        Self::GiveCredentials,
        Self::LeaveCredentialsOut,
        Self::UseAnotherSecret,
        Self::GiveApiKey,
        Self::LeaveApiKeyOut,
        Self::ReadShipped,
        Self::GiveAuthority,
        Self::LeaveAuthorityOut,
    ];

    /// Its name in templates of texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MayStillCome => "mayStillCome",
            Self::TakeOverFirst => "takeOverFirst",
            Self::DeletePaused => "deletePaused",
            Self::StartFirst => "startFirst",
            Self::Unprotect => "unprotect",
            Self::NameNoClass => "nameNoClass",
            Self::GiveCredentials => "giveCredentials",
            Self::LeaveCredentialsOut => "leaveCredentialsOut",
            Self::UseAnotherSecret => "useAnotherSecret",
            Self::GiveApiKey => "giveApiKey",
            Self::LeaveApiKeyOut => "leaveApiKeyOut",
            Self::ReadShipped => "readShipped",
            Self::GiveAuthority => "giveAuthority",
            Self::LeaveAuthorityOut => "leaveAuthorityOut",
        }
    }
}

/// The front end whose users read a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Terraform and OpenTofu: attributes in snake case, types of resources.
    Terraform,
    /// Crossplane's managed resources: members of `spec.forProvider`, kinds.
    ManagedResource,
    /// Crossplane's composition function: members of the spec of an object of Everest.
    Composition,
}

impl Dialect {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Terraform, Self::ManagedResource, Self::Composition];

    /// The field at a path of the model.
    pub fn field(self, path: &FieldPath) -> String {
        match self {
            Self::Terraform => path.snake_case(),
            Self::Composition => path.to_string(),
            Self::ManagedResource if path.segments().is_empty() => "spec.forProvider".to_owned(),
            // The Secret that it names has the keys.
            Self::ManagedResource if path.is_within("usersWo") => {
                "spec.forProvider.usersSecretRef".to_owned()
            }
            Self::ManagedResource if *path == FieldPath::of("name") => {
                "metadata.annotations[crossplane.io/external-name] (or metadata.name)".to_owned()
            }
            Self::ManagedResource => format!("spec.forProvider.{path}"),
        }
    }

    /// A field by its name alone.
    pub(crate) fn member(self, name: &str) -> String {
        match self {
            Self::Terraform => FieldPath::of(name).snake_case(),
            Self::ManagedResource if name == "usersWo" => "usersSecretRef".to_owned(),
            Self::ManagedResource | Self::Composition => name.to_owned(),
        }
    }

    /// A field and its value, as they stand in a configuration.
    pub(crate) fn setting(self, field: &str, value: &str) -> String {
        match self {
            Self::Terraform => format!("{field} = {value}"),
            Self::ManagedResource | Self::Composition => format!("{field}: {value}"),
        }
    }

    /// The name of a resource.
    pub(crate) fn resource(self, resource: Resource) -> &'static str {
        match self {
            Self::Terraform => resource.in_terraform(),
            Self::ManagedResource => resource.name(),
            Self::Composition => resource.in_compositions(),
        }
    }

    /// A phrase, as a template of a text.
    pub(crate) fn phrase(self, phrase: Phrase) -> &'static str {
        match (self, phrase) {
            (Self::Terraform, Phrase::MayStillCome) => {
                "If the same run creates it, refer to that resource here, so that Terraform \
                 creates it first."
            }
            (_, Phrase::MayStillCome) => {
                "If it is being created at the moment, this resolves itself."
            }
            (Self::Terraform, Phrase::TakeOverFirst) => {
                "Omit {engine.crVersion}, or set it to \"recommended\" or to that version: the \
                 apply then updates the CR version first. If the configuration does not set it, \
                 the operator was upgraded after the plan: plan again."
            }
            (_, Phrase::TakeOverFirst) => {
                "Set {engine.crVersion} to \"recommended\", which updates the CR version first, or \
                 to that version, and change {engine.version} afterwards."
            }
            (Self::Terraform, Phrase::DeletePaused) => {
                "Set {paused = false} and apply that first, or remove {finalBackup} and apply \
                 that: the database is then destroyed without a final backup."
            }
            (Self::Terraform, Phrase::StartFirst) => {
                "Set {paused = false}, apply that, and destroy the database once it is ready"
            }
            (_, Phrase::StartFirst) => {
                "Set spec.paused of its DatabaseCluster to false; the deletion goes on once it is \
                 ready"
            }
            (Self::Terraform, Phrase::Unprotect) => "Set it to false and apply that first",
            (_, Phrase::Unprotect) => {
                "Set it to false to delete the database, or remove Delete from \
                 spec.managementPolicies to delete the managed resource and keep the database"
            }
            (Self::Terraform, Phrase::NameNoClass) => {
                "Omit {.class}: nothing changes. To set the class that the volumes have, plan with \
                 a refresh once the volumes exist, with permission to list PersistentVolumeClaims \
                 in the namespace of the database: setting the class is then no change. To replace \
                 this database by an empty one of another class, plan with -replace and its \
                 address."
            }
            (_, Phrase::NameNoClass) => {
                "Omit {.class}: nothing changes. For another class, create another database from a \
                 backup."
            }
            (Self::Terraform, Phrase::GiveCredentials) => "Set {accessKeyId} and {secretAccessKey}",
            (Self::Terraform, Phrase::ReadShipped) => "Read it with the data source",
            (_, Phrase::ReadShipped) => "Only observe it, by spec.managementPolicies of the",
            (Self::Terraform, Phrase::GiveApiKey) => "Set {apiKey}",
            (Self::Terraform, Phrase::LeaveApiKeyOut) => "omit {apiKey}",
            (Self::Terraform, Phrase::GiveAuthority) => "Set {caCertificate} and {caKey}",
            (Self::Terraform, Phrase::LeaveAuthorityOut) => "omit {caCertificate} and {caKey}",
            (_, Phrase::GiveCredentials | Phrase::GiveApiKey | Phrase::GiveAuthority) => {
                "Set spec.forProvider.secretRef"
            }
            (Self::Terraform, Phrase::UseAnotherSecret) => {
                "omit {accessKeyId} and {secretAccessKey} to use it unchanged. Everest deletes it with \
                 the import"
            }
            (_, Phrase::UseAnotherSecret) => {
                "give the import another name: a Secret that exists is never used"
            }
            (Self::Terraform, Phrase::LeaveCredentialsOut) => {
                "omit {accessKeyId} and {secretAccessKey}"
            }
            (
                _,
                Phrase::LeaveCredentialsOut | Phrase::LeaveApiKeyOut | Phrase::LeaveAuthorityOut,
            ) => "omit spec.forProvider.secretRef",
            (_, Phrase::DeletePaused) => {
                "Remove {finalBackup}: the database is then deleted without a final backup. Or set \
                 spec.paused of its DatabaseCluster to false."
            }
        }
    }
}
