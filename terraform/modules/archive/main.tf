# The bucket of the archive: a copy of the ledger that is never more than seconds behind (docs/operations.md). Nothing in it is ever
# overwritten, the service can remove nothing, and what a person removes can be brought back for some time.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }
variable "region" { type = string }
variable "keep_days" { type = number }
variable "kms_key_arn" { type = string }
variable "emulator" { type = bool }

data "aws_caller_identity" "this" {}

locals {
  # Known before the bucket is made, and the same after it was made again: whoever restores can write it down.
  name = "${var.name}-archive-${data.aws_caller_identity.this.account_id}-${var.region}"
  url  = "s3://${local.name}/${var.name}"
}

# A destroy, and archive = false, are refused until prevent_destroy is removed: the copy must outlive what it is a copy of.
resource "aws_s3_bucket" "archive" {
  count  = var.emulator ? 0 : 1
  bucket = local.name
  lifecycle {
    prevent_destroy = true
  }
}

# The same on an emulator, where destroy takes it along with what is in it: whether it may can't be a variable.
resource "aws_s3_bucket" "emulated" {
  count         = var.emulator ? 1 : 0
  bucket        = local.name
  force_destroy = true
}

locals {
  bucket = one(concat(aws_s3_bucket.archive, aws_s3_bucket.emulated))
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = local.bucket.id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = local.bucket.id
  rule {
    apply_server_side_encryption_by_default {
      # Without a key of the operator's, S3 encrypts with its own, which costs nothing and asks no key service for each object.
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }
    # One request to the key service for many objects, instead of one each.
    bucket_key_enabled = var.kms_key_arn != null
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = local.bucket.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

# Objects have one version, unless a person removes one (tocos archive prune) or damages it.
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = local.bucket.id
  rule {
    id     = "removed-objects"
    status = "Enabled"
    filter {}
    noncurrent_version_expiration {
      noncurrent_days = var.keep_days
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
  depends_on = [aws_s3_bucket_versioning.this]
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket.arn, "${local.bucket.arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

# Not on an emulator, where S3 speaks no TLS: nobody could get in.
resource "aws_s3_bucket_policy" "tls_only" {
  count      = var.emulator ? 0 : 1
  bucket     = local.bucket.id
  policy     = data.aws_iam_policy_document.tls_only.json
  depends_on = [aws_s3_bucket_public_access_block.this]
}

output "url" {
  value = local.url
  # Who is told where it is finds it there.
  depends_on = [aws_s3_bucket.archive, aws_s3_bucket.emulated]
}

output "encryption" {
  value = one([for rule in aws_s3_bucket_server_side_encryption_configuration.this.rule : {
    algorithm = rule.apply_server_side_encryption_by_default[0].sse_algorithm
    key       = rule.apply_server_side_encryption_by_default[0].kms_master_key_id
    # Whether one request to the key service does for many objects.
    is_shared = rule.bucket_key_enabled
  }])
}
