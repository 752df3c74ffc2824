//! The path that names a backup without its object: `backup_source.path`.

use crate::instant;

/// The path of the backup at a destination, as `backup_source.path` takes it; `None` if the text is
/// no destination of a backup, such as `s3://backups/orders/0d5c7e1a/full`.
///
/// The engines want different forms. For MySQL, Everest writes the bucket before the path. It hands
/// the path of a MongoDB backup on as it is, and the engine's operator reads it as a destination.
/// For PostgreSQL, Everest reads the last part alone.
///
/// A MongoDB backup is recognised by its name, the last part of its destination: its operator names
/// each backup by the time of its start, such as `2026-01-01T02:03:04Z`
/// (percona-server-mongodb-operator: perconaservermongodbbackup/backup.go, Start), and no other
/// operator does.
pub fn of_destination(destination: &str) -> Option<&str> {
    let (_, rest) = destination.split_once("://")?;
    let (_, path) = rest.split_once('/')?;
    let (_, name) = path.rsplit_once('/').unwrap_or(("", path));
    if path.is_empty() {
        return None;
    }
    let is_of_mongodb = instant::is_utc_second(name);
    Some(if is_of_mongodb { destination } else { path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_of_mongodb_is_named_by_its_destination_and_another_by_what_follows_the_bucket() {
        let mongodb = [
            "s3://backups/orders/0d5c7e1a/2026-01-01T02:03:04Z",
            "azure://backups/orders/0d5c7e1a/2026-01-01T02:03:04Z",
            "https://a.blob.core.windows.net/backups/orders/0d5c7e1a/2026-01-01T02:03:04Z",
        ];
        for destination in mongodb {
            assert_eq!(of_destination(destination), Some(destination));
        }
        for (destination, path) in [
            (
                "s3://backups/orders/0d5c7e1a/orders-2026-01-01-02:03:04-full",
                "orders/0d5c7e1a/orders-2026-01-01-02:03:04-full",
            ),
            (
                "s3://backups/orders/0d5c7e1a/backup/db/20260101-020304F",
                "orders/0d5c7e1a/backup/db/20260101-020304F",
            ),
            ("azure://container/a/b", "a/b"),
            ("s3://backups/full", "full"),
        ] {
            assert_eq!(of_destination(destination), Some(path));
        }
    }

    #[test]
    fn a_text_without_a_bucket_or_a_path_is_no_destination() {
        for text in [
            "",
            "full",
            "orders/0d5c7e1a/full",
            "orders/0d5c7e1a/2026-01-01T02:03:04Z",
            "s3://backups",
            "s3://backups/",
        ] {
            assert_eq!(of_destination(text), None, "{text}");
        }
    }
}
