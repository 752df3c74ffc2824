//! The effect of another certificate authority on databases.

use everest_schemas::models::SplitHorizonDnsConfigModel;

use super::Summary;

/// The warning for a change of the authority of the configuration `what` while databases use it.
pub fn of_authority(
    what: &str,
    prior: &SplitHorizonDnsConfigModel,
    planned: &SplitHorizonDnsConfigModel,
) -> Option<Summary> {
    let is_other = planned.ca_certificate != prior.ca_certificate
        || planned.ca_key != prior.ca_key
        || planned.ca_key_wo_version != prior.ca_key_wo_version;
    let is_given = planned.ca_certificate.is_known() || planned.ca_certificate.is_unknown();
    (is_other && is_given && prior.in_use.known() == Some(&true)).then(|| Summary {
        headline: format!("{what}: existing databases keep their certificates"),
        detail: "Everest issues the certificate of a database once, when the database is created. \
                 Databases that use the configuration go on with certificates of the former \
                 authority; only new databases get certificates of the new one. Clients of both \
                 have to trust both authorities."
            .to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use everest_schemas::Field;

    #[test]
    fn another_authority_of_one_in_use_is_told() {
        let prior = SplitHorizonDnsConfigModel {
            ca_certificate: Field::Known("old".to_owned().into()),
            in_use: true.into(),
            ..SplitHorizonDnsConfigModel::default()
        };
        let mut planned = prior.clone();
        assert_eq!(of_authority("it", &prior, &planned), None);
        planned.ca_certificate = Field::Known("new".to_owned().into());
        assert!(of_authority("it", &prior, &planned).is_some());
        let unused = SplitHorizonDnsConfigModel {
            in_use: false.into(),
            ..prior
        };
        assert_eq!(of_authority("it", &unused, &planned), None);
    }
}
