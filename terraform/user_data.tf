# The user_data of the instances: the files of deploy/, and the command that sets the host up with them. It contains no secret.

locals {
  deploy = "${path.module}/../deploy"

  caddyfile = templatefile("${local.deploy}/Caddyfile.tftpl", {
    domain   = var.domain
    upstream = local.proxy_here ? "127.0.0.1:${local.ports.service}" : join(" ", [for ip in local.node_ips : "${ip}:${local.ports.service}"])
    health   = var.nodes > 1 ? local.ports.metrics : 0
  })

  # Published on the loopback where the proxy is on the same machine; the security group guards the rest.
  service_ports = compact([
    "${local.proxy_here ? "127.0.0.1:" : ""}${local.ports.service}:8080",
    length(var.metrics_cidrs) > 0 || var.balancer || var.nodes > 1 ? "${local.ports.metrics}:9464" : "127.0.0.1:${local.ports.metrics}:9464",
  ])

  shared_files = {
    "/etc/apt/apt.conf.d/52tocos-upgrades" = file("${local.deploy}/unattended-upgrades.conf")
  }

  caddy_files = { "/etc/tocos/Caddyfile" = local.caddyfile }

  signature_files = var.signature_key == "" ? {} : {
    "/etc/tocos/signature.pub" = var.signature_key
    "/etc/containers/policy.json" = jsonencode({
      default = [{ type = "insecureAcceptAnything" }]
      transports = { docker = { (var.image) = [{
        type           = "sigstoreSigned"
        keyPath        = "/etc/tocos/signature.pub"
        signedIdentity = { type = "matchRepository" }
      }] } }
    })
    "/etc/containers/registries.d/tocos.yaml" = yamlencode({ docker = { (var.image) = { use-sigstore-attachments = true } } })
  }

  # Where the archive is. The keys to it are the instance's role's, so there is none to be told.
  archive_settings = compact([
    var.archive ? "TOCOS_ARCHIVE=${local.archive_url}" : "",
    var.restore_from != "" ? "TOCOS_RESTORE_FROM=${var.restore_from}" : "",
    local.uses_archive ? "AWS_REGION=${var.region}" : "",
  ])

  # What only nodes of a group have.
  group_files = [for index in range(var.nodes) : local.has_database ? {
    "/etc/tocos/group.json" = jsonencode({
      index  = index
      nodes  = local.node_ips
      region = var.region
      secret = module.database[0].secret_arn
      url    = local.shared_log_url
    })
    "/etc/systemd/system/tocos-password.service"               = file("${local.deploy}/tocos-password.service")
    "/etc/systemd/system/tocos-password.timer"                 = file("${local.deploy}/tocos-password.timer")
    "/etc/systemd/system/tocos-update.service.d/10-group.conf" = join("\n", ["[Service]", "ExecStart=", "ExecStart=/usr/local/sbin/tocos-group update", ""])
  } : {}]

  group_programs = local.has_database ? { "/usr/local/sbin/tocos-group" = file("${local.deploy}/tocos-group") } : {}

  group_commands = local.has_database ? [["systemctl", "enable", "--now", "tocos-password.timer"]] : []

  # Lines of the unit: of its container, and of its service.
  group_container = [for index in range(var.nodes) : local.has_database ? [
    "Environment=TOCOS_NODE=${local.node_names[index]}", "Environment=TOCOS_ADVERTISE=http://${local.node_ips[index]}:${local.ports.service}",
    "EnvironmentFile=/etc/tocos/shared-log.env", "Volume=/etc/tocos/rds.pem:/etc/tocos/rds.pem:ro",
  ] : []]
  group_service = local.has_database ? ["ExecStartPre=/usr/local/sbin/tocos-group prepare"] : []

  node_files = [for index in range(var.nodes) : merge(local.shared_files, local.signature_files, local.proxy_here ? local.caddy_files : {}, local.group_files[index], {
    "/etc/tocos/deploy.json" = jsonencode({
      image               = "${var.image}:${var.channel}"
      signatures_required = var.signature_key != ""
    })
    "/etc/tocos/host.env" = join("\n", [
      "DATA_VOLUME=${replace(local.node_volume_ids[index], "-", "")}",
      "SSM_AGENT=${var.ssm_agent}",
      "SSM_REGION=${var.region}",
      "PACKAGES=\"podman aardvark-dns skopeo prometheus-node-exporter unattended-upgrades${local.proxy_here ? " caddy" : ""}\"",
      "",
    ])
    "/etc/containers/systemd/tocos.container" = file("${local.deploy}/tocos.container")
    "/etc/containers/systemd/tocos.container.d/10-host.conf" = join("\n", concat(
      ["[Container]"], [for port in local.service_ports : "PublishPort=${port}"],
      [for setting in local.archive_settings : "Environment=${setting}"], local.group_container[index],
      ["[Service]"], local.group_service, ["TimeoutStartSec=${var.start_timeout_seconds}", ""],
    ))
    "/etc/systemd/system/tocos-update.service" = file("${local.deploy}/tocos-update.service")
    "/etc/systemd/system/tocos-update.timer"   = file("${local.deploy}/tocos-update.timer")
    "/etc/systemd/system/tocos-update.timer.d/10-interval.conf" = join("\n", [
      # The empty one takes back all of the timer's conditions, so both are said again.
      "[Timer]", "OnUnitInactiveSec=", "OnActiveSec=${min(30, var.poll_seconds)}", "OnUnitInactiveSec=${var.poll_seconds}", "",
    ])
  })]
  service_files = local.node_files[0]

  service_programs = merge(local.group_programs, {
    "/usr/local/sbin/tocos-update"     = file("${local.deploy}/tocos-update")
    "/usr/local/sbin/tocos-host-setup" = file("${local.deploy}/host-setup.sh")
  })

  proxy_files = merge(local.shared_files, local.caddy_files, {
    "/etc/tocos/host.env" = join("\n", [
      "SSM_AGENT=${var.ssm_agent}", "SSM_REGION=${var.region}", "PACKAGES=\"caddy unattended-upgrades\"", "",
    ])
  })

  proxy_programs = { "/usr/local/sbin/tocos-host-setup" = file("${local.deploy}/host-setup.sh") }

  encoding = local.has_database ? "text/plain" : "gz+b64"
  node_cloud_configs = [for files in local.node_files : {
    write_files = concat(
      [for path, text in files : { path = path, encoding = local.encoding, content = local.has_database ? text : base64gzip(text), permissions = "0644" }],
      [for path, text in local.service_programs : { path = path, encoding = local.encoding, content = local.has_database ? text : base64gzip(text), permissions = "0755" }],
    )
    runcmd = concat([["/usr/local/sbin/tocos-host-setup"]], local.group_commands)
  }]
  node_user_data    = [for config in local.node_cloud_configs : "#cloud-config\n${yamlencode(config)}"]
  service_user_data = local.node_user_data[0]
  # That of a group is too large for AWS otherwise. cloud-init takes it as it is.
  node_user_data_gz = [for data in local.node_user_data : local.has_database ? base64gzip(data) : null]

  proxy_cloud_config = {
    write_files = concat(
      [for path, text in local.proxy_files : { path = path, encoding = "gz+b64", content = base64gzip(text), permissions = "0644" }],
      [for path, text in local.proxy_programs : { path = path, encoding = "gz+b64", content = base64gzip(text), permissions = "0755" }],
    )
    runcmd = [["/usr/local/sbin/tocos-host-setup"]]
  }
  proxy_user_data = "#cloud-config\n${yamlencode(local.proxy_cloud_config)}"
}
