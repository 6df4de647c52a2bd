//! PostgreSQL servers of a test: in a temporary directory, on a free port of loopback and a socket.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use tempfile::TempDir;

/// A server. It ends with this value.
pub(crate) struct Cluster {
    directory: TempDir,
    pub(crate) port: u16,
}

/// The folder of PostgreSQL's programs, of the newest version that is installed.
fn programs() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
        let mut found: Vec<PathBuf> = versions.map(|entry| entry.unwrap().path().join("bin")).collect();
        found.retain(|path| path.join("initdb").exists());
        found.sort_by_key(|path| path.parent().unwrap().file_name().unwrap().to_str().unwrap().parse::<u32>().ok());
        found.pop().expect("PostgreSQL is not installed; on Debian as root: apt-get install postgresql")
    })
}

/// The user that servers run as, if it is not ours: they refuse to run as root.
fn server_user() -> Option<u32> {
    let id = |arguments: &[&str]| -> u32 {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().expect("the user postgres is there")
    };
    (id(&["-u"]) == 0).then(|| id(&["-u", "postgres"]))
}

/// Runs a program as the user of the servers.
fn run(program: &str, arguments: &[&str]) -> Output {
    let path = programs().join(program);
    let mut command = match server_user() {
        Some(user) => {
            let mut command = Command::new("setpriv");
            let user = user.to_string();
            command.args(["--reuid", &user, "--regid", "postgres", "--init-groups", "--"]).arg(path);
            command
        }
        None => Command::new(path),
    };
    let output = command.args(arguments).current_dir("/").output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}

fn directory() -> TempDir {
    let directory = tempfile::Builder::new().prefix("tocos-postgres.").tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    if let Some(user) = server_user() {
        chown(directory.path(), Some(user), None).unwrap();
    }
    directory
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Cluster {
    /// A running server with these settings. User postgres is let in without a password, others with one.
    pub(crate) fn start(settings: &str) -> Self {
        // Made once, and copied.
        static TEMPLATE: OnceLock<PathBuf> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let data = directory().keep().join("data");
            run(
                "initdb",
                &["-D", data.to_str().unwrap(), "-U", "postgres", "--auth=trust", "--no-sync", "--no-instructions"],
            );
            data
        });
        let cluster = Self { directory: directory(), port: free_port() };
        let copied = Command::new("cp").arg("-a").arg(template).arg(cluster.data()).status().unwrap();
        assert!(copied.success());
        let hba = "local all postgres trust\nhost all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n\
                   host replication postgres 127.0.0.1/32 trust\nlocal replication postgres trust\n";
        fs::write(cluster.data().join("pg_hba.conf"), hba).unwrap();
        cluster.configure(settings);
        cluster.up();
        cluster
    }

    /// A server that follows this one.
    pub(crate) fn standby(&self, name: &str) -> Self {
        let standby = Self { directory: directory(), port: free_port() };
        let data = standby.data();
        let source = format!("host=127.0.0.1 port={} user=postgres application_name={name}", self.port);
        run("pg_basebackup", &["-D", data.to_str().unwrap(), "-d", &source, "-R", "-c", "fast", "--no-sync"]);
        standby.configure("");
        standby.up();
        standby
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Copies a file into its directory, which it alone may read.
    pub(crate) fn give(&self, file: &Path, name: &str) {
        let path = self.path(name);
        fs::copy(file, &path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        if let Some(user) = server_user() {
            chown(&path, Some(user), None).unwrap();
        }
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Settings that count from the next start on, or from a reload. Unless they say otherwise nothing waits for the disk: processes
    /// end here, the machine does not, and a disk that is busy with something else must not decide about a test.
    pub(crate) fn configure(&self, settings: &str) {
        let path = self.data().join("postgresql.auto.conf");
        let mut text = fs::read_to_string(&path).unwrap();
        let socket = self.directory.path().display();
        writeln!(text, "port = {}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{socket}'", self.port)
            .unwrap();
        writeln!(text, "shared_buffers = 32MB\nmax_connections = 200\nfsync = off\n{settings}").unwrap();
        fs::write(path, text).unwrap();
    }

    fn control(&self, arguments: &[&str]) {
        let data = self.data();
        let log = self.path("log");
        let all = [&["-D", data.to_str().unwrap(), "-l", log.to_str().unwrap(), "-w", "-s"], arguments].concat();
        run("pg_ctl", &all);
    }

    pub(crate) fn up(&self) {
        self.control(&["start"]);
    }

    /// Ends it: `fast` as an operator does, `immediate` as a crash does.
    pub(crate) fn down(&self, mode: &str) {
        self.control(&["stop", "-m", mode]);
    }

    pub(crate) fn reload(&self) {
        self.control(&["reload"]);
    }

    pub(crate) fn promote(&self) {
        self.control(&["promote"]);
    }

    /// Sends a signal to all its processes.
    pub(crate) fn signal(&self, signal: &str) {
        let postmaster = fs::read_to_string(self.data().join("postmaster.pid")).unwrap();
        let postmaster = postmaster.lines().next().unwrap().to_owned();
        let children = Command::new("pgrep").args(["-P", &postmaster]).output().unwrap();
        let children = String::from_utf8(children.stdout).unwrap();
        // Some of them may have ended since.
        let mut kill = Command::new("kill");
        kill.args(["-s", signal, &postmaster]).args(children.split_whitespace()).output().unwrap();
    }

    /// Runs SQL as the superuser; gives what it says.
    pub(crate) fn sql(&self, sql: &str) -> String {
        self.sql_in("postgres", sql)
    }

    pub(crate) fn sql_in(&self, database: &str, sql: &str) -> String {
        let (socket, port) = (self.directory.path().to_str().unwrap(), self.port.to_string());
        let arguments = ["-h", socket, "-p", &port, "-U", "postgres", "-d", database, "-XqAt", "-v", "ON_ERROR_STOP=1"];
        let output = run("psql", &[&arguments[..], &["-c", sql]].concat());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Whether its log has this.
    pub(crate) fn said(&self, text: &str) -> bool {
        fs::read_to_string(self.path("log")).unwrap().contains(text)
    }

    /// The URL of a ledger in database postgres, with more parameters.
    pub(crate) fn url(&self, parameters: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres?sslmode=disable&{parameters}", self.port)
    }

    /// Waits until this SQL gives this.
    pub(crate) async fn until(&self, sql: &str, expected: &str) {
        for _ in 0..400 {
            if self.sql(sql) == expected {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        }
        panic!("{sql} gives {}, not {expected}", self.sql(sql));
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.data().join("postmaster.pid").exists() {
            // Those that were stopped end too.
            self.signal("CONT");
            self.down("immediate");
        }
    }
}
