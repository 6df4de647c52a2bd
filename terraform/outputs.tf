locals {
  # The container that scripts/local-bodies.sh makes of the emulated instance.
  body = "tocos-local-${var.name}-service"
  # What to type, in order. An empty line of it falls out.
  next_on_aws = compact([
    var.domain != "" ? "Point the ${var.balancer ? "CNAME" : "A"} record of ${var.domain} at ${local.address}." : "",
    "curl ${var.domain != "" ? "" : "-k "}https://${var.domain != "" ? var.domain : local.address}/version      (some minutes after the first apply)",
    var.ssm_agent ? "aws ssm start-session --region ${var.region} --target ${module.service.instance_id}" : "",
    var.ssm_agent ? "sudo cat /var/lib/tocos/key/first      (in that shell: the first API key)" : "",
    "To deploy, move ${var.image}:${var.channel} to another image; the instance polls it every ${var.poll_seconds} s.",
  ])
  next_on_emulator = [
    "../scripts/local-bodies.sh      (gives the instances a machine each, and deploys the service)",
    "curl -k https://127.0.0.1:8443/version",
    "docker exec ${local.body} cat /var/lib/tocos/key/first      (the first API key)",
    "../scripts/local-push.sh      (after a change of the source: builds, pushes, waits for the instance)",
    "tflocal destroy -var-file=emulator.tfvars",
    "../scripts/local-down.sh",
  ]
}

output "next" {
  description = "What to do after an apply, in this order."
  value       = join("\n", [for number, step in var.emulator ? local.next_on_emulator : local.next_on_aws : "${number + 1}. ${step}"])
}

output "url" {
  description = "Where the service is reached. Point the domain's A record (or CNAME, for a balancer) at address first."
  value       = var.emulator ? "https://127.0.0.1:8443" : "https://${var.domain != "" ? var.domain : local.address}"
}

locals {
  address = var.balancer ? module.balancer[0].dns_name : (local.proxy_outside ? module.proxy[0].public_ip : module.service.public_ip)
}

output "address" {
  description = "What the domain must point at: an address, or a name where there is a balancer."
  value       = local.address
}

output "instance_id" {
  description = "The instance of the service."
  value       = module.service.instance_id
}

output "proxy_instance_id" {
  description = "The instance of the proxy, where it has one of its own."
  value       = one(module.proxy[*].instance_id)
}

output "shell" {
  description = "How to get a shell."
  value       = var.emulator ? "docker exec -it ${local.body} bash" : var.ssm_agent ? "aws ssm start-session --region ${var.region} --target ${module.service.instance_id}" : "none: ssm_agent is false"
}

output "first_key" {
  description = "How to read the first API key, which the instance made for itself."
  value       = var.emulator ? "docker exec ${local.body} cat /var/lib/tocos/key/first" : "in that shell: sudo cat /var/lib/tocos/key/first"
}

# Those of a group are null for a single node, which is as if they were not there.

output "nodes" {
  description = "The instances of a group with their addresses in the VPC, the first one first."
  value = var.nodes == 1 ? null : [for index, id in concat([module.service.instance_id], module.node[*].instance_id) : {
    instance_id = id
    private_ip  = local.node_ips[index]
  }]
}

output "database" {
  description = "The database: its name inside the VPC, and the secret with its password."
  value       = one([for database in module.database : { address = database.address, secret_arn = database.secret_arn }])
}

output "private_ip" {
  description = "Address of the service inside the VPC; Prometheus reads :9464/metrics and :9100/metrics there."
  value       = local.service_ip
}

output "vpc_id" {
  description = "The VPC."
  value       = module.network.vpc_id
}

output "data_volume_id" {
  description = "The volume with the ledger."
  value       = local.data_volume_id
}

output "archive_url" {
  description = "The archive, as --archive and tocos restore --from take it; empty without one."
  value       = local.archive_url
}

output "nudge_role_arn" {
  description = "Role for the pipeline's nudge; empty where github_subject is."
  value       = one(module.github[*].role_arn)
}

output "nudge_document" {
  description = "Document that the nudge sends; empty where github_subject is."
  value       = one(module.github[*].document)
}
