//! Writes `tracing` events as log lines for the host: one JSON object per line on stderr, in
//! hclog's format.

use std::env;
use std::fmt::{self, Write as _};
use std::io::Write;

use serde_json::{Map, Value as Json};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

/// The longest text. The host splits lines that are longer than 64 KiB, and then cannot parse them
/// as JSON.
const MAX_TEXT: usize = 8 << 10;

/// Libraries whose internals are not relevant to the provider.
const QUIET: [&str; 7] = [
    "h2",
    "hyper",
    "hyper_util",
    "rustls",
    "tonic",
    "tower",
    "tokio_util",
];

/// Starts logging at the level that the environment sets, without the targets in `silent`. If the
/// environment sets no level, it installs nothing: the host would read every line only to drop it.
pub(super) fn start(source: &str, silent: &[&'static str]) {
    let level = level(|name| env::var(name).ok(), source);
    if level == LevelFilter::OFF {
        return;
    }
    let targets = targets(level, silent);
    // A subscriber is there already when the provider is served in a test.
    let _ = tracing_subscriber::registry()
        .with(Hclog(source.to_owned()).with_filter(targets))
        .try_init();
}

/// The targets to log at `level`.
fn targets(level: LevelFilter, silent: &[&'static str]) -> Targets {
    let quiet = level.min(LevelFilter::WARN);
    Targets::new()
        .with_default(level)
        .with_targets(QUIET.map(|target| (target, quiet)))
        .with_targets(silent.iter().map(|target| (*target, LevelFilter::OFF)))
}

/// The level from the environment: the variable of this provider, of all providers or of
/// everything. The first variable that is set applies.
fn level(var: impl Fn(&str) -> Option<String>, source: &str) -> LevelFilter {
    let name = source.rsplit('/').next().unwrap_or_default();
    let own = format!("TF_LOG_PROVIDER_{}", name.to_uppercase().replace('-', "_"));
    let asked = [own.as_str(), "TF_LOG_PROVIDER", "TF_LOG"]
        .iter()
        .find_map(|name| var(name).filter(|value| !value.is_empty()));
    match asked.map(|level| level.to_lowercase()).as_deref() {
        None | Some("off" | "none") => LevelFilter::OFF,
        Some("error") => LevelFilter::ERROR,
        Some("warn") => LevelFilter::WARN,
        Some("info") => LevelFilter::INFO,
        Some("debug") => LevelFilter::DEBUG,
        // As the host does: "trace", "json" and whatever it does not know.
        Some(_) => LevelFilter::TRACE,
    }
}

/// Writes log lines for the provider with this source address.
struct Hclog(String);

/// The fields of a span, stored in its extensions.
struct Fields(Map<String, Json>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Hclog {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id) {
            let mut fields = Map::new();
            attributes.record(&mut Collect(&mut fields));
            span.extensions_mut().insert(Fields(fields));
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, cx: Context<'_, S>) {
        if let Some(span) = cx.span(id)
            && let Some(Fields(fields)) = span.extensions_mut().get_mut()
        {
            record.record(&mut Collect(fields));
        }
    }

    fn on_event(&self, event: &Event<'_>, cx: Context<'_, S>) {
        let mut fields = Map::new();
        fields.insert("tf_provider_addr".to_owned(), self.0.as_str().into());
        for span in cx
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(Fields(inherited)) = span.extensions().get() {
                fields.extend(inherited.clone());
            }
        }
        event.record(&mut Collect(&mut fields));
        let metadata = event.metadata();
        let line = line(*metadata.level(), metadata.target(), &now(), fields);
        // Nobody to tell when stderr is gone.
        let _ = std::io::stderr().lock().write_all(line.as_bytes());
    }
}

/// The time in the only format that the host accepts, with six fractional digits of a second.
fn now() -> String {
    format!("{:.6}", jiff::Timestamp::now())
}

fn line(level: Level, target: &str, time: &str, mut fields: Map<String, Json>) -> String {
    let message = match fields.remove("message") {
        Some(Json::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let level = match level {
        Level::ERROR => "error",
        Level::WARN => "warn",
        Level::INFO => "info",
        Level::DEBUG => "debug",
        Level::TRACE => "trace",
    };
    // The host takes these for strings without looking.
    fields.retain(|name, _| !name.starts_with('@'));
    fields.insert("@level".to_owned(), level.into());
    fields.insert("@message".to_owned(), message.into());
    fields.insert("@module".to_owned(), target.replace("::", ".").into());
    fields.insert("@timestamp".to_owned(), time.into());
    let mut line = Json::Object(fields).to_string();
    line.push('\n');
    line
}

struct Collect<'a>(&'a mut Map<String, Json>);

impl Collect<'_> {
    fn put(&mut self, field: &Field, value: impl Into<Json>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Collect<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = write!(text, "{value:?}");
        self.record_str(field, &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        let mut end = value.len().min(MAX_TEXT);
        while !value.is_char_boundary(end) {
            end -= 1;
        }
        self.put(field, &value[..end]);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_logged_unless_it_is_asked_for() {
        let with = |name: &'static str, value: &'static str| {
            level(
                |asked| (asked == name).then(|| value.to_owned()),
                "registry.terraform.io/a/my-cloud",
            )
        };
        assert_eq!(with("TF_LOG_CORE", "trace"), LevelFilter::OFF);
        assert_eq!(with("TF_LOG", "off"), LevelFilter::OFF);
        assert_eq!(with("TF_LOG", "JSON"), LevelFilter::TRACE);
        assert_eq!(with("TF_LOG_PROVIDER", "WARN"), LevelFilter::WARN);
        assert_eq!(
            with("TF_LOG_PROVIDER_MY_CLOUD", "debug"),
            LevelFilter::DEBUG
        );
    }

    #[test]
    fn nothing_is_logged_of_a_target_that_may_quote_secrets() {
        let targets = targets(LevelFilter::TRACE, &["chatty"]);
        assert!(!targets.would_enable("chatty::client", &Level::ERROR));
        assert!(targets.would_enable("provider", &Level::TRACE));
        assert!(targets.would_enable("h2::codec", &Level::WARN));
        assert!(!targets.would_enable("h2::codec", &Level::INFO));
    }

    #[test]
    fn a_line_keeps_the_contract_of_the_host() {
        let fields = Map::from_iter([
            ("message".to_owned(), Json::from(7)),
            ("@level".to_owned(), Json::from(1)),
            ("n".to_owned(), Json::from(2)),
        ]);
        let line = line(Level::WARN, "a::b", &now(), fields);
        assert!(line.ends_with('\n') && line.matches('\n').count() == 1);
        let json: Json = serde_json::from_str(&line).unwrap();
        assert_eq!(json["@message"], "7");
        assert_eq!(json["@level"], "warn");
        assert_eq!(json["@module"], "a.b");
        assert_eq!(json["n"], 2);
        let time = json["@timestamp"].as_str().unwrap();
        assert_eq!(
            (time.len(), &time[19..20], &time[26..]),
            (27, ".", "Z"),
            "{time}"
        );
    }
}
