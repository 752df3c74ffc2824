//! Rules for the objects that features of engines refer to.

use everest_schemas::Engine;

use super::{ALONE, BOTH, CHANGE_AND_ONLINE, ONLINE, UPDATE};
use crate::rules::Rule;

const PSMDB: &[Engine] = &[Engine::Psmdb];

pub(in crate::rules) const DNS_SUFFIX: Rule = Rule {
    id: "dns-suffix",
    sentence: "The suffix of host names is a domain of at least two labels of lowercase letters, \
               digits and hyphens, the last one of letters only.",
    advice: "Write for example \"db.example.com\", without a leading dot.",
    engines: PSMDB,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: CRD schema and SplitHorizonDNSConfig webhook",
};

pub(in crate::rules) const AUTHORITY_PAIR: Rule = Rule {
    id: "authority-pair",
    sentence: "A certificate authority is a certificate with its key. Without both, the Secret is \
               not changed.",
    advice: "Set both, or neither.",
    engines: PSMDB,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: SplitHorizonDNSConfig webhook, validateCertificate",
};

pub(in crate::rules) const AUTHORITY_PEM: Rule = Rule {
    id: "authority-pem",
    sentence: "The certificate of an authority is PEM text, and its key an unencrypted RSA key in \
               PKCS #1 form. Everest accepts others, and fails when it issues the certificate of a \
               database.",
    advice: "The certificate begins with \"-----BEGIN CERTIFICATE-----\" and the key with \
             \"-----BEGIN RSA PRIVATE KEY-----\"; \"openssl rsa -traditional\" converts other RSA \
             keys.",
    engines: PSMDB,
    operations: BOTH,
    checked: ALONE,
    source: "everest-operator: psmdb/engine_features_applier.go, issueSplitHorizonCertificate",
};

pub(in crate::rules) const SPLIT_HORIZON_IN_USE: Rule = Rule {
    id: "split-horizon-in-use",
    sentence: "A split-horizon DNS configuration cannot change while a database uses it.",
    advice: "Create another configuration, and name it in new databases.",
    engines: PSMDB,
    operations: UPDATE,
    checked: CHANGE_AND_ONLINE,
    source: "everest-operator: SplitHorizonDNSConfig webhook",
};

pub(in crate::rules) const SPLIT_HORIZON_UNUSED: Rule = Rule {
    id: "split-horizon-unused",
    sentence: "A split-horizon DNS configuration is not destroyed while databases use it.",
    advice: "Destroy those databases first. If the same change of your configuration does that, \
             you can ignore this.",
    engines: PSMDB,
    operations: UPDATE,
    checked: ONLINE,
    source: "everest-operator: SplitHorizonDNSConfig webhook, in-use finalizer",
};
