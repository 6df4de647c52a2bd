"""The body of a database: a PostgreSQL in the place of the one that the emulator only records, and what a body of the service must be told to reach
it. It takes connections with TLS alone, as RDS is told to, and has the password that the emulator keeps in Secrets Manager."""

from pathlib import Path

from bodies import ENTRYPOINT, KEYS, docker, environment
from cloud import DATABASE, USER
from shell import Broken, wait_until

SOCKET = "/tmp"
DATA = "/var/lib/postgresql/world"
# Self-signed, so it is its own authority.
CERTIFICATE = f"{DATA}/server.crt"
# Where a node expects the authorities of RDS.
AUTHORITIES = "/etc/tocos/rds.pem"


def boot(bodies, image, database, password):
    """The cluster is made where the volume is empty, and stays on it as long as the emulator has the database."""
    body = bodies.body(database)
    bodies.connect(image, database)
    bodies.start(
        body, [*bodies.labelled(instance=database.id, ip=database.ip), "--network", f"container:{body}-net", "--stop-signal", "SIGINT",
               *bodies.volume(database.id, DATA), "--entrypoint", ENTRYPOINT],
        image, [DATA, SOCKET, database.address], {
            ENTRYPOINT: (Path(__file__).parent / "body" / "database.sh").read_text(),
            "/run/tocos-database.sql": f"create role {USER} login createdb createrole password {quoted(password)};\ncreate database {DATABASE} owner {USER};\n",
        },
    )
    try:
        wait_until("PostgreSQL takes connections", lambda: takes_connections(body), 60)
    except Broken as broken:
        logs = docker("logs", "--tail", "20", body, check=False)
        raise Broken(f"the container {body} does not serve: {broken}. It says:\n{logs.stdout}{logs.stderr}") from broken


def takes_connections(body):
    return sql(body, "select 1", check=False).stdout.strip() == "1"


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def sql(body, text, check=True):
    """What psql inside the body says to it as the superuser."""
    return docker("exec", body, "psql", "-h", SOCKET, "-U", "postgres", "-d", DATABASE, "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", text, check=check)


def files(bodies, database):
    """For a body of the service: the authority, which it would fetch from Amazon, and where Secrets Manager is, with keys for it."""
    settings = environment("Service", KEYS | {"AWS_ENDPOINT_URL_SECRETS_MANAGER": f"{bodies.emulator_url}/"})
    return {
        AUTHORITIES: docker("exec", bodies.body(database), "cat", CERTIFICATE).stdout,
        "/etc/containers/systemd/tocos.container.d/30-local-database.conf": settings,
        "/etc/systemd/system/tocos-password.service.d/10-local-database.conf": settings,
    }
