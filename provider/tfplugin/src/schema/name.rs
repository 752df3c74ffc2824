//! Names of attributes in Terraform.

/// The Terraform name of a member with serde name `member`: snake case, where a run of capitals is
/// one word (`endpointURL` → `endpoint_url`, `ipSourceRanges` → `ip_source_ranges`, `s3` → `s3`).
pub fn attribute_name(member: &str) -> String {
    let letters: Vec<char> = member.chars().collect();
    let mut name = String::with_capacity(member.len() + 4);
    for (i, letter) in letters.iter().enumerate() {
        if letter.is_uppercase() {
            let after_word = i > 0 && !letters[i - 1].is_uppercase() && letters[i - 1] != '_';
            let next = letters.get(i + 1);
            let is_plural =
                next == Some(&'s') && letters.get(i + 2).is_none_or(|after| after.is_uppercase());
            let before_word = i > 0
                && letters[i - 1].is_uppercase()
                && !is_plural
                && next.is_some_and(|next| next.is_lowercase() || next.is_ascii_digit());
            if after_word || before_word {
                name.push('_');
            }
            name.extend(letter.to_lowercase());
        } else if letter.is_alphanumeric() {
            name.push(*letter);
        } else if !name.ends_with('_') {
            name.push('_');
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::attribute_name;

    #[test]
    fn names_are_snake_case() {
        for (member, name) in [
            ("endpointURL", "endpoint_url"),
            ("verifyTLS", "verify_tls"),
            ("nonResourceURLs", "non_resource_urls"),
            ("openAPIV3Schema", "open_api_v3_schema"),
            ("ipSourceRanges", "ip_source_ranges"),
            ("dbClusterBackupName", "db_cluster_backup_name"),
            ("s3", "s3"),
            ("URLPath", "url_path"),
            ("already_snake", "already_snake"),
            ("CPU", "cpu"),
        ] {
            assert_eq!(attribute_name(member), name);
        }
    }
}
