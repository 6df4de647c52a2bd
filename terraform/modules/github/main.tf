# The role with which the pipeline starts a poll of the updater ("nudge"): GitHub may, by OIDC and without a stored key, run one document on one instance.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }
variable "region" { type = string }
variable "subject" { type = string }
variable "provider_arn" { type = string }
variable "instance_id" { type = string }
variable "further_instances" { type = list(string) }

data "aws_caller_identity" "this" {}

locals {
  issuer = "token.actions.githubusercontent.com"
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = var.provider_arn == "" ? 1 : 0
  url            = "https://${local.issuer}"
  client_id_list = ["sts.amazonaws.com"]
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRoleWithWebIdentity"]
    principals {
      type        = "Federated"
      identifiers = [var.provider_arn == "" ? aws_iam_openid_connect_provider.github[0].arn : var.provider_arn]
    }
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:aud"
      values   = ["sts.amazonaws.com"]
    }
    # Equal, not like: a pattern here has opened more than one account.
    condition {
      test     = "StringEquals"
      variable = "${local.issuer}:sub"
      values   = [var.subject]
    }
  }
}

resource "aws_ssm_document" "nudge" {
  name            = "${var.name}-look-for-an-image"
  document_type   = "Command"
  document_format = "YAML"
  content = yamlencode({
    schemaVersion = "2.2"
    description   = "Look at the channel now instead of at the next turn of the timer."
    mainSteps = [{
      action = "aws:runShellScript"
      name   = "look"
      inputs = { runCommand = ["systemctl start tocos-update.service"] }
    }]
  })
}

data "aws_iam_policy_document" "nudge" {
  statement {
    actions = ["ssm:SendCommand"]
    resources = concat([aws_ssm_document.nudge.arn], [
      for id in concat([var.instance_id], var.further_instances) : "arn:aws:ec2:${var.region}:${data.aws_caller_identity.this.account_id}:instance/${id}"
    ])
  }
}

resource "aws_iam_role" "this" {
  name_prefix          = "${var.name}-nudge-"
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  max_session_duration = 3600
}

resource "aws_iam_role_policy" "this" {
  name   = "nudge"
  role   = aws_iam_role.this.id
  policy = data.aws_iam_policy_document.nudge.json
}

output "role_arn" { value = aws_iam_role.this.arn }
output "document" { value = aws_ssm_document.nudge.name }
