# One hardened machine: no key pair, no port for a shell, metadata only by IMDSv2, encrypted root, a role that may what is listed.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }
variable "ami" { type = string }
variable "instance_type" { type = string }
variable "subnet_id" { type = string }
variable "private_ip" { type = string }
variable "public" { type = bool }
variable "security_group_ids" { type = list(string) }
variable "user_data" { type = string }

# Instead of it, compressed and in base64.
variable "user_data_gz" {
  type    = string
  default = null
}
variable "kms_key_arn" { type = string }
variable "ssm" { type = bool }

# What the role may besides: documents by name.
variable "policies" {
  type    = map(string)
  default = {}
}

variable "metadata_hops" {
  type    = number
  default = 1
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

# What Session Manager and Run Command need, and none of the parameter reading that Amazon's ready-made policy adds.
# These actions know no resources to name.
data "aws_iam_policy_document" "ssm" {
  statement {
    sid = "AgentOfSystemsManager"
    actions = [
      "ssm:UpdateInstanceInformation",
      "ssm:ListInstanceAssociations",
      "ssm:GetDocument",
      "ssm:DescribeDocument",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
      "ec2messages:AcknowledgeMessage",
      "ec2messages:DeleteMessage",
      "ec2messages:FailMessage",
      "ec2messages:GetEndpoint",
      "ec2messages:GetMessages",
      "ec2messages:SendReply",
    ]
    resources = ["*"]
  }
}

resource "aws_iam_role" "this" {
  name_prefix        = "${var.name}-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "ssm" {
  count  = var.ssm ? 1 : 0
  name   = "systems-manager"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.ssm.json
}

resource "aws_iam_role_policy" "further" {
  for_each = var.policies
  name     = each.key
  role     = aws_iam_role.this.id
  policy   = each.value
}

resource "aws_iam_instance_profile" "this" {
  name_prefix = "${var.name}-"
  role        = aws_iam_role.this.name
}

# Address and groups belong to the interface, not to the machine: the next machine takes them over.
resource "aws_network_interface" "this" {
  subnet_id       = var.subnet_id
  private_ips     = [var.private_ip]
  security_groups = var.security_group_ids
  tags            = { Name = var.name }
}

resource "aws_instance" "this" {
  ami                  = var.ami
  instance_type        = var.instance_type
  iam_instance_profile = aws_iam_instance_profile.this.name
  user_data            = var.user_data_gz == null ? var.user_data : null
  user_data_base64     = var.user_data_gz
  # A change of user_data replaces the instance; the ledger's volume is attached to the new one.
  user_data_replace_on_change = true
  ebs_optimized               = true
  monitoring                  = false

  network_interface {
    device_index         = 0
    network_interface_id = aws_network_interface.this.id
  }

  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = var.metadata_hops
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = 10
    encrypted   = true
    kms_key_id  = var.kms_key_arn
  }

  tags = { Name = var.name }

  lifecycle {
    # A newer Debian must not replace the machine by surprise; taint it, or set ami_id, when it should.
    ignore_changes = [ami]
  }
}

resource "aws_eip" "this" {
  count  = var.public ? 1 : 0
  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_eip_association" "this" {
  count                = var.public ? 1 : 0
  allocation_id        = aws_eip.this[0].id
  network_interface_id = aws_network_interface.this.id
}

output "instance_id" { value = aws_instance.this.id }
output "public_ip" { value = one(aws_eip.this[*].public_ip) }
output "role_arn" { value = aws_iam_role.this.arn }
output "policies" { value = aws_iam_role_policy.further }
output "metadata_hops" { value = aws_instance.this.metadata_options[0].http_put_response_hop_limit }
