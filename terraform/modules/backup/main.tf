# A snapshot of the data volume each day. The log is append-only and recovery cuts a torn end off, so a snapshot of a running
# service is a good backup.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }
variable "retain_days" { type = number }

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["dlm.amazonaws.com"]
    }
  }
}

# CreateSnapshot and the descriptions can't name a volume beforehand; deleting is bound to what this policy made.
data "aws_iam_policy_document" "snapshots" {
  statement {
    actions   = ["ec2:CreateSnapshot", "ec2:DescribeVolumes", "ec2:DescribeSnapshots", "ec2:DescribeInstances"]
    resources = ["*"]
  }
  statement {
    actions   = ["ec2:DeleteSnapshot"]
    resources = ["arn:aws:ec2:*::snapshot/*"]
    condition {
      test     = "StringLike"
      variable = "aws:ResourceTag/aws:dlm:lifecycle-policy-id"
      values   = ["*"]
    }
  }
  statement {
    actions   = ["ec2:CreateTags"]
    resources = ["arn:aws:ec2:*::snapshot/*"]
  }
}

resource "aws_iam_role" "this" {
  name_prefix        = "${var.name}-backup-"
  assume_role_policy = data.aws_iam_policy_document.assume.json
}

resource "aws_iam_role_policy" "this" {
  name   = "snapshots"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.snapshots.json
}

resource "aws_dlm_lifecycle_policy" "daily" {
  description        = "daily snapshots of the ledger of ${var.name}"
  execution_role_arn = aws_iam_role.this.arn
  state              = "ENABLED"
  policy_details {
    resource_types = ["VOLUME"]
    target_tags    = { Backup = var.name }
    schedule {
      name = "daily"
      create_rule {
        interval      = 24
        interval_unit = "HOURS"
        times         = ["03:30"]
      }
      retain_rule {
        count = var.retain_days
      }
      copy_tags = true
    }
  }
}
