#!/usr/bin/env bash
# Installs Debian's Prometheus, Alertmanager and node exporter on the machine of a running service, without compose, and
# prints their addresses. It also installs Grafana if apt has it (Debian does not; Grafana's own repository does). Run it as
# root. It is idempotent. Everything listens on loopback.
#
#   scripts/setup-monitoring.sh [INTERNAL_LISTENER]      of the service; default 127.0.0.1:9464
set -euo pipefail
cd "$(dirname "$0")/../monitoring"
service=${1:-127.0.0.1:9464}
[ "$(id -u)" -eq 0 ] || { echo "run it as root: it installs packages and writes to /etc" >&2; exit 1; }

has_systemd() { [ -d /run/systemd/system ]; }

install_packages() {
  apt-get update -q >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends prometheus prometheus-alertmanager prometheus-node-exporter >/dev/null
  if apt-cache show grafana >/dev/null 2>&1; then
    DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends grafana >/dev/null
  fi
}

# An existing file is kept as a backup.
replace() {
  local from=$1 to=$2
  if [ -e "$to" ] && ! cmp -s "$from" "$to"; then
    [ -e "$to.before-tocos" ] || cp -a "$to" "$to.before-tocos"
  fi
  install -D -m 644 "$from" "$to"
}

configure() {
  local file
  replace prometheus/prometheus.yml /etc/prometheus/prometheus.yml
  for file in prometheus/rules/*.yaml; do replace "$file" "/etc/prometheus/rules/$(basename "$file")"; done
  for file in prometheus alertmanager node; do replace "prometheus/targets/$file.yaml" "/etc/prometheus/targets/$file.yaml"; done
  printf -- '- targets: ["%s"]\n' "$service" > /etc/prometheus/targets/tocos.yaml
  replace alertmanager/alertmanager.yml /etc/prometheus/alertmanager.yml
  arguments prometheus "--web.listen-address=127.0.0.1:9090 --storage.tsdb.retention.time=30d"
  arguments prometheus-alertmanager "--web.listen-address=127.0.0.1:9093 --cluster.listen-address="
  local collectors="--web.listen-address=127.0.0.1:9100"
  if has_systemd; then collectors="$collectors --collector.systemd"; fi
  arguments prometheus-node-exporter "$collectors"
  promtool check config /etc/prometheus/prometheus.yml >/dev/null
  amtool check-config /etc/prometheus/alertmanager.yml >/dev/null
}

arguments() {
  printf 'ARGS="%s"\n' "$2" > "/etc/default/$1"
}

configure_grafana() {
  local file settings=/etc/grafana/grafana.ini
  for file in grafana/dashboards/*.json; do replace "$file" "/var/lib/grafana/tocos-dashboards/$(basename "$file")"; done
  replace grafana/provisioning/datasources/prometheus.yaml /etc/grafana/provisioning/datasources/tocos.yaml
  replace grafana/provisioning/dashboards/tocos.yaml /etc/grafana/provisioning/dashboards/tocos.yaml
  grep -q tocos-dashboards "$settings" 2>/dev/null && return
  cp -a "$settings" "$settings.before-tocos"
  # There are no accounts, so there is no default password; every client that reaches the loopback port may read.
  cat > "$settings" <<'INI'
; tocos-dashboards: written by setup-monitoring.sh; the file before is beside this one.
[server]
http_addr = 127.0.0.1
[security]
disable_initial_admin_creation = true
[users]
allow_sign_up = false
[auth]
disable_login_form = true
[auth.basic]
enabled = false
[auth.anonymous]
enabled = true
org_role = Viewer
[analytics]
reporting_enabled = false
INI
  mkdir -p /etc/systemd/system/grafana-server.service.d
  printf '[Service]\nEnvironment=TOCOS_PROMETHEUS_URL=http://127.0.0.1:9090 TOCOS_DASHBOARDS=/var/lib/grafana/tocos-dashboards\n' > /etc/systemd/system/grafana-server.service.d/tocos.conf
}

start() {
  if ! has_systemd; then
    echo "systemd does not run here, so nothing was started; the configuration is in /etc/prometheus and /etc/default"
    return
  fi
  systemctl daemon-reload
  systemctl enable --quiet prometheus prometheus-alertmanager prometheus-node-exporter
  systemctl restart prometheus prometheus-alertmanager prometheus-node-exporter
  if [ -e /etc/grafana ]; then
    systemctl enable --quiet grafana-server
    systemctl restart grafana-server
  fi
}

say_where() {
  cat <<TEXT
Prometheus     http://127.0.0.1:9090    targets: /targets, alerts: /alerts
Alertmanager   http://127.0.0.1:9093    who is told: /etc/prometheus/alertmanager.yml (put your own receivers in)
TEXT
  if [ -e /etc/grafana ]; then
    echo "Grafana        http://127.0.0.1:3000    dashboards in the folder Tocos, no login"
  else
    echo "Grafana        not in this machine's apt sources. With Grafana's repository added (grafana.com/docs, \"Install on Debian\") run this again."
  fi
  echo "From elsewhere: ssh -L 9090:127.0.0.1:9090 -L 3000:127.0.0.1:3000 THIS_MACHINE"
}

install_packages
configure
if [ -e /etc/grafana ]; then configure_grafana; fi
start
say_where
