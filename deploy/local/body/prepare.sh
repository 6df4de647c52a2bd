#!/bin/sh
# Linux alone. Run inside a bare Debian 13: installs the packages and turns off what a container has no use for.
set -eu
here=$(dirname "$0")
export DEBIAN_FRONTEND=noninteractive
# Nothing may start while it is being installed: there is no systemd yet.
printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
# A database makes its cluster where it boots.
mkdir -p /etc/postgresql-common/createcluster.d
echo 'create_main_cluster = false' > /etc/postgresql-common/createcluster.d/body.conf
apt-get update -q
# shellcheck disable=SC2046 # the list is split into words on purpose
apt-get install -q -y --no-install-recommends $(grep -v '^#' "$here/packages.txt")
rm /usr/sbin/policy-rc.d

# No terminals, network cards, devices or upgrades of its own.
systemctl mask getty.target console-getty.service systemd-networkd.service systemd-networkd.socket systemd-networkd-wait-online.service \
    systemd-udevd.service systemd-udev-trigger.service systemd-resolved.service systemd-timesyncd.service \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer fstrim.timer e2scrub_all.timer \
    systemd-journald-audit.socket sys-kernel-debug.mount sys-kernel-tracing.mount dev-hugepages.mount
# What user_data turns on by itself on a real instance must be off before it does so here.
systemctl disable unattended-upgrades.service caddy.service prometheus.service prometheus-node-exporter.service docker-registry.service postgresql.service \
    prometheus-node-exporter-apt.timer prometheus-node-exporter-nvme.timer \
    prometheus-node-exporter-mdraid.timer prometheus-node-exporter-smartmon.timer prometheus-node-exporter-ipmitool-sensor.timer \
    podman-auto-update.timer podman-auto-update.service podman-restart.service podman.socket 2>/dev/null || true

cat > /etc/cloud/cloud.cfg.d/90-body.cfg <<'CFG'
datasource_list: [NoCloud, None]
network: {config: disabled}
# The base image has no apt sources for cloud-init to rewrite, no disks to grow and no ssh keys to make.
apt: {preserve_sources_list: true}
ssh_deletekeys: false
ssh_genkeytypes: []
CFG
# Logs go to memory: what a test wants to read, it reads while the body lives.
mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nRuntimeMaxUse=32M\n' > /etc/systemd/journald.conf.d/body.conf
: > /etc/machine-id
apt-get clean
rm -rf /var/lib/apt/lists/* /var/log/*.log
