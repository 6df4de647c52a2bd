# The archive: a copy of the ledger in a bucket, and the way back. What the instance's role may do with it stands here.

module "archive" {
  source      = "./modules/archive"
  count       = var.archive ? 1 : 0
  name        = var.name
  region      = var.region
  keep_days   = var.archive_keep_days
  kms_key_arn = var.kms_key_arn
  emulator    = var.emulator
}

locals {
  archive_url = var.archive ? module.archive[0].url : ""
  # Another archive than its own: the instance may read that one, and no more.
  restores_elsewhere = var.restore_from != "" && trimsuffix(var.restore_from, "/") != local.archive_url
  uses_archive       = var.archive || var.restore_from != ""

  # Bucket and object names of a URL, as the statements below name them.
  archive_arns = { for what, url in { own = local.archive_url, other = var.restore_from } : what => {
    bucket  = "arn:aws:s3:::${split("/", trimprefix(url, "s3://"))[0]}"
    objects = "arn:aws:s3:::${trimsuffix(trimprefix(url, "s3://"), "/")}/*"
  } }
}

data "aws_iam_policy_document" "archive" {
  count = local.uses_archive ? 1 : 0

  dynamic "statement" {
    for_each = var.archive ? ["own"] : []
    content {
      sid       = "AddAndRead"
      actions   = ["s3:PutObject", "s3:GetObject"]
      resources = [local.archive_arns.own.objects]
    }
  }

  # AWS itself refuses a put that could overwrite the log or a branch, whatever the service asks for. The other objects (snapshots and tables,
  # which can be made again from the log) may be put in parts, where such a condition can't be had.
  dynamic "statement" {
    for_each = var.archive ? ["own"] : []
    content {
      sid       = "NeverOverwriteTheLog"
      effect    = "Deny"
      actions   = ["s3:PutObject"]
      resources = [for name in ["branch-*", "*/log-*", "*/tail-*"] : "${trimsuffix(local.archive_arns.own.objects, "*")}${name}"]
      condition {
        test     = "Null"
        variable = "s3:if-none-match"
        values   = ["true"]
      }
    }
  }

  dynamic "statement" {
    for_each = local.restores_elsewhere ? ["other"] : []
    content {
      sid       = "ReadToRestore"
      actions   = ["s3:GetObject"]
      resources = [local.archive_arns.other.objects]
    }
  }

  # Of the whole bucket, since a condition on the prefix would turn "there is no such object" into "access denied".
  statement {
    sid       = "List"
    actions   = ["s3:ListBucket"]
    resources = distinct(concat(var.archive ? [local.archive_arns.own.bucket] : [], local.restores_elsewhere ? [local.archive_arns.other.bucket] : []))
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]
    content {
      sid       = "KeyOfTheArchive"
      actions   = concat(["kms:Decrypt"], var.archive ? ["kms:GenerateDataKey"] : [])
      resources = [statement.value]
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.region}.amazonaws.com"]
      }
    }
  }
}
