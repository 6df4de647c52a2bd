output "url" {
  description = "Where the service is reached. Point the domain's A record (or CNAME, for a balancer) at address first."
  value       = "https://${var.domain != "" ? var.domain : local.address}"
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
  value       = var.ssm_agent ? "aws ssm start-session --region ${var.region} --target ${module.service.instance_id}" : "none: ssm_agent is false"
}

output "first_key" {
  description = "How to read the first API key, which the instance made for itself."
  value       = "in that shell: sudo cat /var/lib/tocos/key/first"
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
  value       = aws_ebs_volume.data.id
}

output "nudge_role_arn" {
  description = "Role for the pipeline's nudge; empty where github_subject is."
  value       = one(module.github[*].role_arn)
}

output "nudge_document" {
  description = "Document that the nudge sends; empty where github_subject is."
  value       = one(module.github[*].document)
}
