//! Webhooks, one sample for each: there are at most 100. Only the node that delivers has any.

use super::Text;

/// How a webhook is doing.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhookFigures {
    pub id: String,
    /// Durable events that were not looked at for it yet.
    pub pending_events: u64,
    pub delivered_events: u64,
    pub delivered_requests: u64,
    pub failed_requests: u64,
    /// For how long deliveries have been failing.
    pub failing_seconds: f64,
    /// Switched off because deliveries failed, or because the receiver is gone.
    pub is_switched_off: bool,
}

pub(super) fn put(webhooks: &[WebhookFigures], out: &mut Text) {
    let meaning = "Webhooks to which this node delivers.";
    out.single("tocos_webhooks", "gauge", meaning, webhooks.len());
    let mut family = |name: &str, kind: &str, meaning: &str, value: fn(&WebhookFigures) -> f64| {
        out.family(name, kind, meaning);
        for webhook in webhooks {
            // Ids need no escaping.
            out.sample(name, &format!("webhook=\"{}\"", webhook.id), value(webhook));
        }
    };
    let meaning = "Events that are durable and were not yet looked at for a webhook.";
    family("tocos_webhook_pending_events", "gauge", meaning, |webhook| webhook.pending_events as f64);
    let meaning = "Events delivered to a webhook.";
    family("tocos_webhook_delivered_events_total", "counter", meaning, |webhook| webhook.delivered_events as f64);
    let meaning = "Requests to a webhook that were answered with success.";
    family("tocos_webhook_delivered_requests_total", "counter", meaning, |webhook| webhook.delivered_requests as f64);
    let meaning = "Requests to a webhook that were not, each of which is tried again.";
    family("tocos_webhook_failed_requests_total", "counter", meaning, |webhook| webhook.failed_requests as f64);
    let meaning = "For how long deliveries to a webhook have been failing; 0 if they are not.";
    family("tocos_webhook_failing_seconds", "gauge", meaning, |webhook| webhook.failing_seconds);
    let meaning =
        "1 while a webhook is switched off because deliveries failed for three days or the receiver is gone, else 0.";
    family("tocos_webhook_switched_off", "gauge", meaning, |webhook| f64::from(u8::from(webhook.is_switched_off)));
}
