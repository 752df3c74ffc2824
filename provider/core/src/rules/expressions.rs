//! The rules that the API server can check by itself, as expressions of the Common Expression
//! Language over `spec.forProvider` of a managed resource.
//!
//! An expression refuses at once what its rule would refuse later, and nothing else; the rule
//! itself is still checked before every write. Rules that need more (the cluster, cron, versions)
//! have no expression. The size of a volume has none either, because a failed growth may be taken
//! back.

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
    /// The path of the member that `self` stands for, with dots; empty for the whole. The
    /// expression is not evaluated if the member is absent.
    pub path: &'static str,
    /// The expression, which has to be true. If it names `oldSelf`, it is evaluated only at
    /// changes.
    pub expression: &'static str,
}

impl Expression {
    /// The message for users if the expression is false.
    pub fn message(&self) -> Text {
        self.rule.detail()
    }
}

/// Expressions for a database.
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

/// Expressions for a backup storage.
pub const BACKUP_STORAGE: &[Expression] = &[Expression {
    rule: &S3_REGION,
    path: "",
    expression: "!has(self.type) || self.type != 's3' || (has(self.region) && self.region != '')",
}];

/// Expressions for a restore. A restore that is only observed may have no source.
pub const RESTORE: &[Expression] = &[Expression {
    rule: &RESTORE_SOURCE,
    path: "",
    expression: "!has(self.databaseName) || (has(self.backupName) && self.backupName != '') != has(self.backupSource)",
}];

/// Expressions for a namespace.
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
