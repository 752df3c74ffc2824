//! The MySQL configuration that everest-operator writes when a user gave
//! none, by the memory of the engine.

use crate::quantity;

/// A configuration for the size class of `memory`: small below 8G, medium
/// below 32G, large above.
pub fn for_memory(memory: &str) -> String {
    let bytes = quantity::whole(memory).unwrap_or_default();
    let (pool, connections, caches) = match bytes {
        ..8_000_000_000 => (1_398_838_681_u64, 152, 4096),
        8_000_000_000..32_000_000_000 => (6_442_450_944, 604, 8192),
        _ => (25_769_803_776, 2416, 16384),
    };
    format!(
        "[mysqld]\n\
         binlog_format = ROW\n\
         innodb_buffer_pool_size = {pool}\n\
         innodb_flush_method = O_DIRECT\n\
         max_connections = {connections}\n\
         sync_binlog = 1\n\
         table_open_cache = {caches}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_class_follows_the_memory() {
        let small = for_memory("1G");
        let medium = for_memory("8G");
        let large = for_memory("32Gi");
        assert_eq!(small, for_memory("7.9G"));
        assert_ne!(small, medium);
        assert_ne!(medium, large);
    }
}
