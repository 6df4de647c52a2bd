//! The schemas of the group of nodes.

use serde_json::{Value, json};
use tocos_group::Role;

use super::values::{integer, list_of, object, or_null_of, reference, text};
use crate::resources::ALONE;

/// All roles of a node.
const ROLES: [Role; 7] =
    [Role::Joining, Role::Follower, Role::Candidate, Role::Leader, Role::HandingOver, Role::Diverged, Role::Stopped];

/// What `/v1/cluster` and its routes return.
pub(super) fn all() -> Vec<(&'static str, Value)> {
    let about = |mut schema: Value, about: &str| {
        schema["description"] = json!(about);
        schema
    };
    let seconds = |words: &str| json!({"type": "number", "minimum": 0, "description": words});
    let roles: Vec<&str> = [ALONE].into_iter().chain(ROLES.map(Role::as_str)).collect();
    let cluster = object(
        [
            ("node", about(text(), "This node's name; empty without a group.")),
            ("role", json!({"type": "string", "enum": roles, "description": "What this node is to its group."})),
            ("epoch", about(integer(), "A number that grows with each change of the leader.")),
            ("leader", or_null_of(&reference("ClusterLeader"))),
            ("last_event", about(integer(), "The last event that this node has.")),
            ("tip_event", about(integer(), "The last event of the group that this node knows of.")),
            ("behind_s", seconds("How long ago this node was last level with the group.")),
            ("lease_age_s", seconds("How long ago the leader last renewed its lease, if this node leads.")),
            ("in_flight", about(integer(), "Frames on their way into the shared log.")),
            ("appends", about(integer(), "Frames that the shared log took from this node.")),
            (
                "healed_frames",
                about(integer(), "Frames that were appended again because the shared log had lost them."),
            ),
            ("faults", about(integer(), "Times that the shared log could not be reached.")),
            ("rivals", about(integer(), "Times that another leader was seen while this node led.")),
            ("changes", about(integer(), "Changes of the leader that this node saw.")),
            (
                "synchronous",
                json!({"type": ["boolean", "null"], "description": "Whether the shared log keeps every acknowledged event on more than one machine; null if that is not known."}),
            ),
            ("note", about(text(), "Why, in words: the settings of the shared log, or the last fault.")),
            ("members", list_of("ClusterMember")),
        ],
        &[],
    );
    let leader = object([("node", text()), ("url", text()), ("epoch", integer())], &[]);
    let member = object(
        [
            ("node", text()),
            ("url", text()),
            ("last_event", integer()),
            ("seen_ago_s", seconds("How long ago the node said so.")),
        ],
        &[],
    );
    let handover = object([("leader", reference("ClusterLeader"))], &[]);
    vec![("Cluster", cluster), ("ClusterLeader", leader), ("ClusterMember", member), ("Handover", handover)]
}
