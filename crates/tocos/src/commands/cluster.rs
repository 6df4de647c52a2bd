//! `tocos cluster`: the nodes of a group as one of them knows it, and handing the lead over.

use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::client::Request;
use crate::session::{ConnectionArgs, Session};
use crate::table::{Side, Table};

/// Show the nodes of a group, or let another node lead
#[derive(Args, Debug)]
pub(crate) struct ClusterArgs {
    #[command(subcommand)]
    command: ClusterCommand,
}

#[derive(Debug, Subcommand)]
enum ClusterCommand {
    /// Show who leads, and how far each node has come
    Status(Connection),
    /// Let the node lead that is furthest of the others
    Handover(Connection),
}

#[derive(Args, Debug)]
struct Connection {
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Deserialize)]
struct Leader {
    node: String,
    epoch: u64,
}

#[derive(Deserialize)]
struct Handover {
    leader: Leader,
}

#[derive(Deserialize)]
struct Member {
    node: String,
    url: String,
    last_event: u64,
    seen_ago_s: f64,
}

#[derive(Deserialize)]
struct Cluster {
    node: String,
    role: String,
    epoch: u64,
    leader: Option<Leader>,
    last_event: u64,
    tip_event: u64,
    behind_s: f64,
    synchronous: Option<bool>,
    note: String,
    members: Vec<Member>,
}

impl Cluster {
    fn text(&self) -> String {
        if self.role == "alone" {
            return format!("this service is in no group; its last event is {}\n", self.last_event);
        }
        let leader = self.leader.as_ref().map_or("", |leader| leader.node.as_str());
        let mut table = Table::new([
            ("node", Side::Left),
            ("role", Side::Left),
            ("last event", Side::Right),
            ("seen", Side::Right),
            ("url", Side::Left),
        ]);
        for member in &self.members {
            // This node knows itself better than what it has announced; of the others it knows that.
            let is_here = member.node == self.node;
            let role = match (is_here, member.node == leader) {
                (true, _) => self.role.as_str(),
                (false, true) => "leader",
                (false, false) => "follower",
            };
            let last_event = if is_here { self.last_event } else { member.last_event };
            table.row(vec![
                member.node.clone(),
                role.to_owned(),
                last_event.to_string(),
                format!("{:.1} s ago", member.seen_ago_s),
                member.url.clone(),
            ]);
        }
        let mut text = table.text();
        text.push_str(&match &self.leader {
            Some(leader) => format!("\n{} leads under epoch {}", leader.node, leader.epoch),
            None => format!("\nnobody leads; the last epoch was {}", self.epoch),
        });
        text.push_str(&format!("; the shared log ends with event {}", self.tip_event));
        if self.last_event < self.tip_event {
            text.push_str(&format!(", and {} is {:.1} s behind", self.node, self.behind_s));
        }
        text.push_str(match self.synchronous {
            Some(true) => "\nwhat is acknowledged is on more than one machine\n",
            Some(false) => "\nwhat is acknowledged is on one machine only\n",
            None => "\nwhether what is acknowledged is on more than one machine is not known\n",
        });
        if !self.note.is_empty() {
            text.push_str(&format!("{}\n", self.note));
        }
        text
    }
}

impl ClusterArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            ClusterCommand::Status(args) => {
                let session = args.connection.session()?;
                show(&session, &Request::get("/v1/cluster"))
            }
            ClusterCommand::Handover(args) => {
                let session = args.connection.session()?;
                let response = session.send(&Request::post("/v1/cluster/handover").once())?;
                session.show(&response, |done: &Handover| {
                    format!("{} leads now, under epoch {}\n", done.leader.node, done.leader.epoch)
                })
            }
        }
    }
}

fn show(session: &Session, request: &Request) -> anyhow::Result<()> {
    let response = session.send(request)?;
    session.show(&response, Cluster::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(json: &str) -> String {
        serde_json::from_str::<Cluster>(json).unwrap().text()
    }

    #[test]
    fn a_group_is_a_table_of_its_nodes() {
        let text = cluster(
            r#"{"node":"b","role":"follower","epoch":3,"leader":{"node":"a","url":"http://a:1","epoch":3},"last_event":90,"tip_event":95,
                "behind_s":1.26,"synchronous":true,"note":"","members":[
                {"node":"a","url":"http://a:1","last_event":94,"seen_ago_s":0.4},{"node":"b","url":"http://b:1","last_event":80,"seen_ago_s":0.9}]}"#,
        );
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[1].starts_with('a') && lines[1].contains("leader") && lines[1].contains("94"), "{text}");
        assert!(lines[2].starts_with('b') && lines[2].contains("follower") && lines[2].contains("90"), "{text}");
        assert!(
            text.contains("a leads under epoch 3; the shared log ends with event 95, and b is 1.3 s behind"),
            "{text}"
        );
        assert!(text.contains("on more than one machine"), "{text}");
    }

    #[test]
    fn no_leader_and_no_group_are_said() {
        let text = cluster(
            r#"{"node":"b","role":"follower","epoch":3,"leader":null,"last_event":9,"tip_event":9,"behind_s":0,"synchronous":null,
                "note":"the shared log can't be reached","members":[]}"#,
        );
        assert!(text.contains("nobody leads; the last epoch was 3"), "{text}");
        assert!(text.ends_with("the shared log can't be reached\n"), "{text}");
        let text = cluster(
            r#"{"node":"","role":"alone","epoch":0,"leader":null,"last_event":9,"tip_event":9,"behind_s":0,"synchronous":null,"note":"","members":[]}"#,
        );
        assert_eq!(text, "this service is in no group; its last event is 9\n");
    }
}
