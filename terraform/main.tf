# How the parts hang together. What each switch does is in README.md; which ports are open stands in security.tf.

locals {
  nat              = coalesce(var.nat, var.balancer)
  private_instance = coalesce(var.private_instance, local.nat)
  # The proxy shares the instance where that is public, and has a small one of its own in front of a private one.
  proxy_here    = !var.balancer && !local.private_instance
  proxy_outside = !var.balancer && local.private_instance
  ports         = { service = 8080, metrics = 9464, host_metrics = 9100 }
}

module "network" {
  source    = "./modules/network"
  name      = var.name
  region    = var.region
  zones     = [for letter in var.zones : "${var.region}${letter}"]
  cidr      = var.vpc_cidr
  nat       = local.nat
  flow_logs = var.flow_logs
}

data "aws_ami" "debian" {
  count       = var.ami_id == null ? 1 : 0
  most_recent = true
  # The Debian project's account.
  owners = ["136693071363"]
  filter {
    name   = "name"
    values = ["debian-13-${var.architecture}-*"]
  }
}

locals {
  ami = var.ami_id == null ? data.aws_ami.debian[0].id : var.ami_id
  # Fixed addresses, so that a new instance takes over the old one's place and nothing else has to change.
  service_ip = cidrhost(local.private_instance ? module.network.private_cidrs[0] : module.network.public_cidrs[0], 10)
  proxy_ip   = cidrhost(module.network.public_cidrs[0], 20)
}

module "service" {
  source        = "./modules/host"
  name          = "${var.name}-service"
  ami           = local.ami
  instance_type = var.instance_type
  subnet_id     = local.private_instance ? module.network.private_subnet_ids[0] : module.network.public_subnet_ids[0]
  private_ip    = local.service_ip
  public        = !local.private_instance
  security_group_ids = concat(
    [aws_security_group.service.id],
    local.proxy_here ? [aws_security_group.edge.id] : [],
  )
  user_data = local.service_user_data

  user_data_gz = local.node_user_data_gz[0]
  kms_key_arn  = var.kms_key_arn
  ssm          = var.ssm_agent
  policies     = local.node_policies
  # The service asks for its role's keys out of a container, which is one hop more.
  metadata_hops = local.uses_archive ? 2 : 1
}

# The ledger's volume. It is kept when an instance is replaced: a destroy is refused until prevent_destroy is removed.
resource "aws_ebs_volume" "data" {
  count             = var.emulator ? 0 : 1
  availability_zone = "${var.region}${var.zones[0]}"
  size              = var.data_volume_gib
  type              = "gp3"
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  tags              = { Name = "${var.name}-data", Backup = var.name }
  lifecycle {
    prevent_destroy = true
  }
}

# The same on an emulator, where destroy takes it along: whether it may can't be a variable.
resource "aws_ebs_volume" "emulated" {
  count             = var.emulator ? 1 : 0
  availability_zone = "${var.region}${var.zones[0]}"
  size              = var.data_volume_gib
  type              = "gp3"
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  tags              = { Name = "${var.name}-data", Backup = var.name }
}

locals {
  data_volume_id = one(concat(aws_ebs_volume.data[*].id, aws_ebs_volume.emulated[*].id))
}

resource "aws_volume_attachment" "data" {
  device_name = "/dev/sdf"
  volume_id   = local.data_volume_id
  instance_id = module.service.instance_id
  # The file system is unmounted in order before it moves to the next instance.
  stop_instance_before_detaching = true
}

module "proxy" {
  source             = "./modules/host"
  count              = local.proxy_outside ? 1 : 0
  name               = "${var.name}-proxy"
  ami                = local.ami
  instance_type      = var.proxy_instance_type
  subnet_id          = module.network.public_subnet_ids[0]
  private_ip         = local.proxy_ip
  public             = true
  security_group_ids = [aws_security_group.edge.id]
  user_data          = local.proxy_user_data
  kms_key_arn        = var.kms_key_arn
  ssm                = var.ssm_agent
}

module "balancer" {
  source            = "./modules/balancer"
  count             = var.balancer ? 1 : 0
  name              = var.name
  vpc_id            = module.network.vpc_id
  subnet_ids        = module.network.public_subnet_ids
  security_group_id = aws_security_group.edge.id
  certificate_arn   = var.certificate_arn
  instance_id       = module.service.instance_id
  further_instances = module.node[*].instance_id
  ports             = local.ports
}

module "backup" {
  source      = "./modules/backup"
  count       = var.backups ? 1 : 0
  name        = var.name
  retain_days = var.backup_retain_days
}

module "github" {
  source       = "./modules/github"
  count        = var.github_subject == "" ? 0 : 1
  name         = var.name
  region       = var.region
  subject      = var.github_subject
  provider_arn = var.github_provider_arn
  instance_id  = module.service.instance_id

  further_instances = module.node[*].instance_id
}

# Contradictions stop the plan, before anything is made.
resource "terraform_data" "contradictions" {
  lifecycle {
    precondition {
      condition     = !var.balancer || var.certificate_arn != ""
      error_message = "The balancer needs a certificate: set certificate_arn, or balancer = false for Caddy."
    }
    precondition {
      condition     = !local.private_instance || local.nat
      error_message = "A private instance reaches the registry only through NAT: set nat = true, or private_instance = false."
    }
    precondition {
      condition     = var.github_subject == "" || var.ssm_agent
      error_message = "The nudge goes through Systems Manager: set ssm_agent = true, or github_subject to the empty string."
    }
    precondition {
      condition     = alltrue([for cidr in var.metrics_cidrs : cidrsubnet(var.vpc_cidr, 0, 0) == cidrsubnet("${cidrhost(cidr, 0)}/16", 0, 0)])
      error_message = "metrics_cidrs must lie inside the VPC (${var.vpc_cidr}): metrics are not for the world."
    }
  }
}
