//! Prints the library's warnings on standard error, such as a warning about a region that does not
//! respond.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::cli::output::{Format, safe, safe_json};

/// Prints the warnings of this project only, because it cannot vouch for the log lines of the AWS
/// SDK.
pub fn to_stderr(format: Format) {
    let ours = tracing_subscriber::filter::Targets::new()
        .with_target("diesel_envelope", tracing::Level::WARN);
    let layer = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .event_format(Warnings(format))
        .with_filter(ours);
    tracing_subscriber::registry().with(layer).init();
}

/// The format of a warning: `warning: message (fields)`, or `{"warning": …}`.
struct Warnings(Format);

impl<S: Subscriber + for<'a> LookupSpan<'a>, N: for<'a> FormatFields<'a> + 'static>
    FormatEvent<S, N> for Warnings
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut words = Words::default();
        event.record(&mut words);
        let Words { message, fields } = words;
        let text = if fields.is_empty() { message } else { format!("{message} ({fields})") };
        match self.0 {
            Format::Text => writeln!(writer, "warning: {}", safe(&text)),
            Format::Json => writeln!(
                writer,
                "{}",
                safe_json(&serde_json::json!({ "warning": text }).to_string())
            ),
        }
    }
}

#[derive(Default)]
struct Words {
    message: String,
    fields: String,
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            let comma = if self.fields.is_empty() { "" } else { ", " };
            self.fields.push_str(&format!("{comma}{} {value:?}", field.name()));
        }
    }
}
