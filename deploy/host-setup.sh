#!/bin/bash
# Run by cloud-init at a machine's first boot, and safe to run again: packages, the ledger's volume, then the
# service and its updater, then the proxy. What this machine is for is told by the files that user_data wrote.
set -euo pipefail
# shellcheck source=/dev/null # written by user_data: PACKAGES, DATA_VOLUME, SSM_AGENT, SSM_REGION
. /etc/tocos/host.env

say() { echo "tocos-host-setup: $*"; }

install_packages() {
    local missing=() package
    for package in $PACKAGES; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    say "installing ${missing[*]}"
    local try
    for try in 1 2 3 4 5; do
        if apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; then
            return 0
        fi
        say "try $try failed; the mirror may not be reachable yet"
        sleep $((try * 10))
    done
    say "could not install ${missing[*]}: look at the route to Debian's mirror (NAT, egress rules), then run $0 again"
    return 1
}

# The volume is attached some seconds after the boot. It gets a file system only if it has none at all.
mount_data() {
    mkdir -p /var/lib/tocos
    if ! mountpoint -q /var/lib/tocos; then
        local device=/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_$DATA_VOLUME waited=0
        until [ -b "$device" ]; do
            if [ $waited -ge 600 ]; then
                say "the data volume $DATA_VOLUME was not attached within 10 minutes: attach it, then run $0 again"
                return 1
            fi
            sleep 2
            waited=$((waited + 2))
        done
        # blkid answers 2 for "nothing recognised"; any other failure must not end in a format.
        local status=0
        blkid -p "$device" >/dev/null || status=$?
        case $status in
            0) ;;
            2) say "the volume is empty: making a file system" && mkfs.ext4 -q -L tocos-data "$device" ;;
            *) say "blkid can't tell what is on $device (status $status): nothing is formatted, look yourself" && return 1 ;;
        esac
        grep -q 'LABEL=tocos-data' /etc/fstab || echo 'LABEL=tocos-data /var/lib/tocos ext4 noatime,nofail,x-systemd.device-timeout=600 0 2' >> /etc/fstab
        systemctl daemon-reload
        mount /var/lib/tocos
    fi
    # They belong to the service's user inside its image. The service makes its first API key itself, beside the ledger: so it is
    # in no state file, no user_data and no pipeline, and moves with the volume.
    install -d -m 700 -o 65532 -g 65532 /var/lib/tocos/data /var/lib/tocos/key
}

start_service() {
    mkdir -p /var/lib/tocos-deploy
    # The numbers of deployments travel with node-exporter's; the units' states too.
    grep -qs collector.systemd /etc/default/prometheus-node-exporter || echo 'ARGS="--collector.systemd"' > /etc/default/prometheus-node-exporter
    systemctl daemon-reload
    systemctl enable --now prometheus-node-exporter.service
    systemctl restart prometheus-node-exporter.service
    # Not fatal: the timer goes on trying.
    systemctl start tocos-update.service || say "the first image did not come up yet; the timer goes on trying"
    systemctl enable --now tocos-update.timer
}

start_proxy() {
    install -m 644 /etc/tocos/Caddyfile /etc/caddy/Caddyfile
    systemctl enable caddy.service
    systemctl restart caddy.service
}

# Debian's images come without it. It keeps trying, since without it there is no way to a shell.
install_ssm_agent() {
    dpkg-query -W amazon-ssm-agent >/dev/null 2>&1 && return 0
    local package try
    package=$(mktemp --suffix .deb)
    for try in 1 2 3 4 5; do
        if curl -fsS --max-time 120 -o "$package" "https://s3.$SSM_REGION.amazonaws.com/amazon-ssm-$SSM_REGION/latest/debian_$(dpkg --print-architecture)/amazon-ssm-agent.deb" \
            && dpkg -i "$package"; then
            rm -f "$package"
            systemctl enable --now amazon-ssm-agent.service
            return 0
        fi
        sleep $((try * 10))
    done
    say "the agent of Systems Manager could not be installed; there is no shell until it is"
    return 1
}

install_packages
if [ -e /etc/containers/systemd/tocos.container ]; then
    mount_data
    start_service
fi
if [ -e /etc/tocos/Caddyfile ]; then start_proxy; fi
if [ "$SSM_AGENT" = true ]; then install_ssm_agent; fi
say "done"
