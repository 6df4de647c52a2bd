# For LocalStack or moto: tflocal apply -var-file=emulator.tfvars
emulator = true

# scripts/local-bodies.sh puts a registry in this one's place; the name stays a production name.
image        = "docker.io/tocos-local/tocos"
poll_seconds = 5

# The service private, a proxy in the public subnet. Without this line both are on one public instance.
nat = true

# Where the Prometheus of scripts/local-bodies.sh stands.
metrics_cidrs = ["10.20.200.0/28"]

# The copy of the ledger, in the emulator's S3.
archive = true

# What emulators do not have: the Debian project's images, Data Lifecycle Manager, the agent's download.
ami_id    = "ami-12c6146b"
backups   = false
ssm_agent = false
