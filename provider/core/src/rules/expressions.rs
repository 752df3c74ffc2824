//! The rules that the API server can hold by itself, as expressions of the Common Expression
//! Language over `spec.forProvider` of a managed resource.
//!
//! They refuse at once what the rule would refuse later, and nothing else; the rule itself is
//! asked before every write, whatever the expression let through. Rules that need more (the
//! cluster, cron, versions) have none; nor has the size of a volume, since a growth that did not
//! come about may be taken back.

use super::Rule;
use super::table::backup::{DATA_SOURCE_ONE, RESTORE_SOURCE, S3_REGION};
use super::table::database::{
    NO_SCALE_TO_ONE, PROXY_REPLICAS, PROXY_TYPE, REPLICAS_AT_MOST_FIVE, REPLICAS_ODD,
    SHARDING_FIXED, SHARDING_PSMDB, STORAGE_MINIMUM,
};
use super::table::namespace::NAMESPACE_ENGINE;
use crate::text::Text;

/// A rule as an expression.
#[derive(Clone, Copy, Debug)]
pub struct Expression {
    /// The rule.
    pub rule: &'static Rule,
    /// The member that `self` is, as names separated by dots; empty for the whole. A rule is
    /// not asked where the member is absent.
    pub path: &'static str,
    /// What must hold. One that names `oldSelf` is asked at changes alone.
    pub expression: &'static str,
}

impl Expression {
    /// What users read where it does not hold.
    pub fn message(&self) -> Text {
        self.rule.detail()
    }
}

/// Those for a database.
pub const DATABASE: &[Expression] = &[
    Expression {
        rule: &REPLICAS_ODD,
        path: "engine",
        expression: "self.type == 'postgresql' || !has(self.replicas) || self.replicas % 2 == 1",
    },
    Expression {
        rule: &REPLICAS_AT_MOST_FIVE,
        path: "engine",
        expression: "self.type != 'pxc' || !has(self.replicas) || self.replicas <= 5",
    },
    Expression {
        rule: &NO_SCALE_TO_ONE,
        path: "engine",
        expression: "!has(self.replicas) || !has(oldSelf.replicas) || self.replicas > 1 || oldSelf.replicas <= 1",
    },
    Expression {
        rule: &STORAGE_MINIMUM,
        path: "engine.storage",
        expression: "!isQuantity(string(self.size)) || quantity(string(self.size)).compareTo(quantity('1G')) >= 0",
    },
    Expression {
        rule: &PROXY_TYPE,
        path: "",
        expression: "!has(self.engine) || !has(self.proxy) || !has(self.proxy.type) || self.proxy.type == '' || (self.engine.type == 'pxc' ? self.proxy.type in ['haproxy', 'proxysql'] : self.engine.type == 'psmdb' ? self.proxy.type == 'mongos' : self.proxy.type == 'pgbouncer')",
    },
    Expression {
        rule: &PROXY_REPLICAS,
        path: "",
        expression: "!has(self.engine) || self.engine.type != 'pxc' || (has(self.engine.replicas) && self.engine.replicas <= 1) || !has(self.proxy) || !has(self.proxy.replicas) || self.proxy.replicas >= 2",
    },
    Expression {
        rule: &SHARDING_PSMDB,
        path: "",
        expression: "!has(self.engine) || self.engine.type == 'psmdb' || !has(self.sharding) || !has(self.sharding.enabled) || !self.sharding.enabled",
    },
    Expression {
        rule: &SHARDING_FIXED,
        path: "",
        expression: "!has(self.engine) || self.engine.type != 'psmdb' || (has(self.sharding) && has(self.sharding.enabled) && self.sharding.enabled) == (has(oldSelf.sharding) && has(oldSelf.sharding.enabled) && oldSelf.sharding.enabled)",
    },
    Expression {
        rule: &DATA_SOURCE_ONE,
        path: "dataSource",
        expression: "[has(self.dbClusterBackupName) && self.dbClusterBackupName != '', has(self.backupSource), has(self.dataImport)].exists_one(given, given)",
    },
];

/// Those for a backup storage.
pub const BACKUP_STORAGE: &[Expression] = &[Expression {
    rule: &S3_REGION,
    path: "",
    expression: "!has(self.type) || self.type != 's3' || (has(self.region) && self.region != '')",
}];

/// Those for a restore. One that is only observed names nothing.
pub const RESTORE: &[Expression] = &[Expression {
    rule: &RESTORE_SOURCE,
    path: "",
    expression: "!has(self.databaseName) || (has(self.backupName) && self.backupName != '') != has(self.backupSource)",
}];

/// Those for a namespace.
pub const NAMESPACE: &[Expression] = &[Expression {
    rule: &NAMESPACE_ENGINE,
    path: "engines",
    expression: "has(self.pxc) || has(self.psmdb) || has(self.postgresql)",
}];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::TABLE;

    #[test]
    fn an_expression_is_of_a_rule_and_only_once() {
        for kind in [DATABASE, BACKUP_STORAGE, RESTORE, NAMESPACE] {
            for (index, expression) in kind.iter().enumerate() {
                assert!(TABLE.contains(expression.rule), "{}", expression.rule.id);
                let again = kind[index + 1..]
                    .iter()
                    .any(|other| other.rule.id == expression.rule.id);
                assert!(!again, "{}", expression.rule.id);
            }
        }
    }

    #[test]
    fn only_rules_about_changes_look_at_what_was() {
        use crate::Operation;
        for expression in [DATABASE, BACKUP_STORAGE, RESTORE, NAMESPACE].concat() {
            let of_changes = expression.rule.operations == [Operation::Update];
            assert_eq!(
                expression.expression.contains("oldSelf"),
                of_changes,
                "{}",
                expression.rule.id
            );
        }
    }
}
