# A group: further nodes beside the first, and the database that keeps their log (docs/operations.md). With one node and no database nothing of
# this is there.

locals {
  has_database = var.database == "rds"
  # They alternate between the zones.
  node_zones = [for index in range(var.nodes) : index % 2]
  node_ips   = concat([local.service_ip], [for index in range(1, var.nodes) : cidrhost(module.network.private_cidrs[local.node_zones[index]], 10 + index)])
  node_names = [for index in range(var.nodes) : "${var.name}-${index + 1}"]
  # Without the password, which each node puts in.
  shared_log_url = local.has_database ? join("", [
    "postgres://tocos:PASSWORD@${module.database[0].address}:5432/tocos?ledger=${var.name}",
    # The bundle of authorities is RDS's own. That a commit is in two zones can't be seen in PostgreSQL's settings.
    "&sslmode=verify-full&sslrootcert=/etc/tocos/rds.pem&durability=managed",
  ]) : ""
}

module "database" {
  source                   = "./modules/database"
  count                    = local.has_database ? 1 : 0
  name                     = var.name
  region                   = var.region
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.private_subnet_ids
  client_security_group_id = aws_security_group.service.id
  instance_type            = var.database_instance_type
  gib                      = var.database_gib
  retain_days              = var.backup_retain_days
  kms_key_arn              = var.kms_key_arn
  emulator                 = var.emulator
}

module "node" {
  source             = "./modules/host"
  count              = var.nodes - 1
  name               = local.node_names[count.index + 1]
  ami                = local.ami
  instance_type      = var.instance_type
  subnet_id          = module.network.private_subnet_ids[local.node_zones[count.index + 1]]
  private_ip         = local.node_ips[count.index + 1]
  public             = false
  security_group_ids = [aws_security_group.service.id]
  user_data          = local.node_user_data[count.index + 1]
  user_data_gz       = local.node_user_data_gz[count.index + 1]
  kms_key_arn        = var.kms_key_arn
  ssm                = var.ssm_agent
  policies           = local.node_policies
  metadata_hops      = local.uses_archive ? 2 : 1
}

# Each node has a volume of its own. It is a copy of what the database has, and may go.
resource "aws_ebs_volume" "node" {
  count             = var.nodes - 1
  availability_zone = "${var.region}${var.zones[local.node_zones[count.index + 1]]}"
  size              = var.data_volume_gib
  type              = "gp3"
  encrypted         = true
  kms_key_id        = var.kms_key_arn
  tags              = { Name = "${local.node_names[count.index + 1]}-data" }
}

locals {
  node_volume_ids = concat([local.data_volume_id], aws_ebs_volume.node[*].id)
}

resource "aws_volume_attachment" "node" {
  count                          = var.nodes - 1
  device_name                    = "/dev/sdf"
  volume_id                      = local.node_volume_ids[count.index + 1]
  instance_id                    = module.node[count.index].instance_id
  stop_instance_before_detaching = true
}

# The password, and nothing else of Secrets Manager.
data "aws_iam_policy_document" "database" {
  count = local.has_database ? 1 : 0
  statement {
    sid       = "ReadThePassword"
    actions   = ["secretsmanager:GetSecretValue"]
    resources = [module.database[0].secret_arn]
  }
  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
    content {
      sid       = "KeyOfThePassword"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["secretsmanager.${var.region}.amazonaws.com"]
      }
    }
  }
}

locals {
  node_policies = merge(
    { for policy in data.aws_iam_policy_document.archive : "archive" => policy.json },
    { for policy in data.aws_iam_policy_document.database : "database" => policy.json },
  )
}

# Nodes pass requests on to the one that leads, and see of each other whether they are ready and which image they run.
resource "aws_vpc_security_group_ingress_rule" "between_nodes" {
  for_each                     = var.nodes > 1 ? local.ports : {}
  security_group_id            = aws_security_group.service.id
  description                  = "${each.key} between nodes"
  referenced_security_group_id = aws_security_group.service.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

resource "aws_vpc_security_group_egress_rule" "between_nodes" {
  for_each                     = var.nodes > 1 ? local.ports : {}
  security_group_id            = aws_security_group.service.id
  description                  = "${each.key} between nodes"
  referenced_security_group_id = aws_security_group.service.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

# Contradictions of groups stop the plan too.
resource "terraform_data" "group_contradictions" {
  count = var.nodes > 1 || local.has_database ? 1 : 0
  lifecycle {
    precondition {
      condition     = var.nodes == 1 || local.has_database
      error_message = "Several nodes need a database that keeps their log: set database = \"rds\", or nodes = 1."
    }
    precondition {
      condition     = var.nodes == 1 || (local.private_instance && !local.proxy_here)
      error_message = "Several nodes are private, behind the balancer or the proxy: set balancer = true (or nat = true), and leave private_instance alone."
    }
  }
}
