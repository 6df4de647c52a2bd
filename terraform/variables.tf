# What it is called and where it runs.

variable "name" {
  description = "Prefix of all names and value of the Project tag."
  type        = string
  default     = "tocos"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.name))
    error_message = "name must be 2 to 21 of a-z, 0-9 and -, beginning with a letter."
  }
}

variable "region" {
  description = "AWS region, for example eu-central-1."
  type        = string
  default     = "eu-central-1"
}

variable "zones" {
  description = "Letters of the two availability zones that get subnets. The instance and its volume live in the first."
  type        = list(string)
  default     = ["a", "b"]
  validation {
    condition     = length(var.zones) == 2 && length(distinct(var.zones)) == 2
    error_message = "zones must name two different availability zones, such as [\"a\", \"b\"]."
  }
}

variable "tags" {
  description = "Further tags of everything."
  type        = map(string)
  default     = {}
}

variable "emulator" {
  description = "For LocalStack and moto: destroy may take the data volume, and `next` says what to do on this machine. emulator.tfvars sets it."
  type        = bool
  default     = false
}

# The image.

variable "image" {
  description = "Image without a tag, for example docker.io/acme/tocos. Always with its registry, so that no search list decides."
  type        = string
  validation {
    condition     = can(regex("^[a-z0-9.-]+\\.[a-z0-9.-]+(:[0-9]+)?/[a-z0-9._/-]+$", var.image))
    error_message = "image must name registry and repository without a tag, such as docker.io/acme/tocos."
  }
}

variable "channel" {
  description = "Tag that the instance follows. The pipeline moves it to a tested digest."
  type        = string
  default     = "production"
}

variable "poll_seconds" {
  description = "Time between two looks at the channel. Docker Hub counts them: 900 stays below every published limit."
  type        = number
  default     = 900
  validation {
    condition     = var.poll_seconds >= 1 && floor(var.poll_seconds) == var.poll_seconds
    error_message = "poll_seconds must be a whole number of at least 1."
  }
}

variable "signature_key" {
  description = "Public key (PEM, cosign or skopeo) that the image must be signed with. Empty: images are taken without a signature."
  type        = string
  default     = ""
}

variable "start_timeout_seconds" {
  description = "How long a new image may take until it says that it is ready, recovery and restore included. After that it is rolled back."
  type        = number
  default     = 300
}

# The way in.

variable "domain" {
  description = "Name under which the service is reached. Caddy gets a certificate for it by itself. Empty: a certificate of its own authority, for trials."
  type        = string
  default     = ""
}

variable "balancer" {
  description = "TLS by an application load balancer instead of Caddy. Needs certificate_arn."
  type        = bool
  default     = false
}

variable "certificate_arn" {
  description = "Certificate (ACM) of the load balancer."
  type        = string
  default     = ""
}

variable "nat" {
  description = "A NAT gateway for the private subnets. Null: exactly where the balancer is on, since a private instance must reach the registry."
  type        = bool
  default     = null
}

variable "private_instance" {
  description = "Whether the instance is in a private subnet, with only proxy or balancer in the public one. Null: exactly where there is NAT."
  type        = bool
  default     = null
}

variable "vpc_cidr" {
  description = "Addresses of the VPC: a /16, of which each subnet takes a /24."
  type        = string
  default     = "10.20.0.0/16"
  validation {
    condition     = can(cidrhost(var.vpc_cidr, 0)) && endswith(var.vpc_cidr, "/16")
    error_message = "vpc_cidr must be a /16, such as 10.20.0.0/16."
  }
}

variable "metrics_cidrs" {
  description = "Addresses inside the VPC (a Prometheus, say) that may read 9464 (the service) and 9100 (the host). Empty: nobody."
  type        = list(string)
  default     = []
}

# The instance.

variable "instance_type" {
  description = "Type of the instance. Its architecture must be one that the image has."
  type        = string
  default     = "t4g.small"
}

variable "proxy_instance_type" {
  description = "Type of the proxy's instance, where the proxy has one of its own."
  type        = string
  default     = "t4g.nano"
}

variable "architecture" {
  description = "arm64 or amd64; must fit the instance types."
  type        = string
  default     = "arm64"
  validation {
    condition     = contains(["arm64", "amd64"], var.architecture)
    error_message = "architecture must be arm64 or amd64."
  }
}

variable "ami_id" {
  description = "Image of the machine. Null: the newest Debian 13 of the Debian project. Pin it to decide yourself when machines are replaced."
  type        = string
  default     = null
}

variable "data_volume_gib" {
  description = "Size of the encrypted volume for the ledger, in GiB. 10 GiB hold about 160 million transfers."
  type        = number
  default     = 20
}

variable "kms_key_arn" {
  description = "Key for the volumes and the archive. Null: the account's own keys for EBS and S3."
  type        = string
  default     = null
}

variable "ssm_agent" {
  description = "Install the agent of Systems Manager: the way to a shell, as no port is open for one."
  type        = bool
  default     = true
}

# A group.

variable "nodes" {
  description = "How many instances serve the ledger. More than one needs a database, and the balancer or the proxy in front of them."
  type        = number
  default     = 1
  validation {
    condition     = var.nodes >= 1 && var.nodes <= 9 && floor(var.nodes) == var.nodes
    error_message = "nodes must be a whole number from 1 to 9."
  }
}

variable "database" {
  description = "Where the log of a group is kept: none (on the instance's own volume alone) or rds (PostgreSQL in two zones)."
  type        = string
  default     = "none"
  validation {
    condition     = contains(["none", "rds"], var.database)
    error_message = "database must be none or rds."
  }
}

variable "database_instance_type" {
  description = "Type of the database's two instances."
  type        = string
  default     = "db.t4g.small"
}

variable "database_gib" {
  description = "Size of the database's volumes, in GiB. They grow by themselves, up to ten times that."
  type        = number
  default     = 20
  validation {
    condition     = var.database_gib >= 20 && floor(var.database_gib) == var.database_gib
    error_message = "database_gib must be a whole number of at least 20."
  }
}

# What is beside it.

variable "backups" {
  description = "Daily snapshots of the data volume by Data Lifecycle Manager."
  type        = bool
  default     = true
}

variable "backup_retain_days" {
  description = "How many daily snapshots are kept."
  type        = number
  default     = 14
}

variable "archive" {
  description = "A bucket with a copy of the ledger that is never more than seconds behind, and the rights to add to it for the instance."
  type        = bool
  default     = false
}

variable "archive_keep_days" {
  description = "How many days an object that was removed from the archive (tocos archive prune) can still be brought back."
  type        = number
  default     = 90
  validation {
    condition     = var.archive_keep_days >= 1 && floor(var.archive_keep_days) == var.archive_keep_days
    error_message = "archive_keep_days must be a whole number of at least 1."
  }
}

variable "restore_from" {
  description = "Archive (s3://BUCKET/PREFIX, in the same region) that an instance with an empty volume restores its ledger from before it serves. Empty: it begins a new ledger."
  type        = string
  default     = ""
  validation {
    condition     = var.restore_from == "" || can(regex("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[A-Za-z0-9._/-]+$", var.restore_from))
    error_message = "restore_from must be the URL of an archive, such as the output archive_url: s3://BUCKET/PREFIX."
  }
}

variable "flow_logs" {
  description = "Refused connections of the VPC into CloudWatch Logs, kept for 365 days."
  type        = bool
  default     = false
}

variable "github_subject" {
  description = "Exact OIDC subject of the GitHub environment that may nudge the updater, such as repo:acme@123/tocos@456:environment:production. Empty: no such role."
  type        = string
  default     = ""
  validation {
    condition     = var.github_subject == "" || (can(regex("^repo:[^*?]+:environment:[^*?]+$", var.github_subject)))
    error_message = "github_subject must be exact: repo:ORG@ID/REPO@ID:environment:NAME, without * or ?."
  }
}

variable "github_provider_arn" {
  description = "OIDC provider of GitHub, where the account has one already. Empty: it is made."
  type        = string
  default     = ""
}
