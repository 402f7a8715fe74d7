//! Resume points: text that stands for a place in a stream, `id:` and `Last-Event-ID` of Server-Sent Events.

use serde_json::Value;

use crate::bridge::Fields;
use crate::{Rpc, chat, notification};

/// A message of a stream that can be resumed after it.
pub trait ResumePoint {
    /// Where the stream goes on after this message.
    fn resume_point(&self) -> String;
}

impl ResumePoint for chat::Message {
    fn resume_point(&self) -> String {
        format!("{}:{}", self.sequence, self.message_id)
    }
}

impl ResumePoint for notification::Notification {
    fn resume_point(&self) -> String {
        self.notification_id.clone()
    }
}

/// Text that no stream of this RPC has ever sent as a resume point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidResumePoint;

/// Makes a request for a stream go on after a resume point, whatever starting point it had.
///
/// # Errors
/// When the text is not a resume point of this RPC; the request is as before.
pub fn resume_after(rpc: Rpc, point: &str, fields: &mut Fields) -> Result<(), InvalidResumePoint> {
    let start = match rpc {
        Rpc::ChatStreamMessages => {
            let (sequence, message_id) = point.split_once(':').ok_or(InvalidResumePoint)?;
            let sequence: i64 = sequence.parse().map_err(|_| InvalidResumePoint)?;
            vec![("after_sequence", sequence.to_string()), ("after_message_id", message_id.to_owned())]
        }
        Rpc::NotificationStreamNotifications => vec![("after_notification_id", point.to_owned())],
        _ => return Err(InvalidResumePoint),
    };
    drop_starting_points(rpc, fields);
    fields.extend(start.into_iter().map(|(name, value)| (name.to_owned(), Value::String(value))));
    Ok(())
}

/// Drops every starting point, in either spelling.
fn drop_starting_points(rpc: Rpc, fields: &mut Fields) {
    let is_start = |name: &str| name.starts_with("after_") || name.starts_with("since_");
    for field in rpc.description().fields.iter().filter(|field| is_start(field.name)) {
        fields.remove(field.name);
        fields.remove(field.json_name);
    }
}
