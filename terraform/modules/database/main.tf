# PostgreSQL for the shared log of a group: RDS in two zones, which has each commit in both before it answers. Only the nodes reach it, by TLS. RDS
# makes the password and keeps it in Secrets Manager, where the nodes read it: it is in no state file and no user_data.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }
variable "region" { type = string }
variable "vpc_id" { type = string }
variable "subnet_ids" { type = list(string) }
variable "client_security_group_id" { type = string }
variable "instance_type" { type = string }
variable "gib" { type = number }
variable "retain_days" { type = number }
variable "kms_key_arn" { type = string }
variable "emulator" { type = bool }

resource "aws_security_group" "this" {
  name_prefix = "${var.name}-database-"
  description = "The database: only the nodes, and nothing outwards"
  vpc_id      = var.vpc_id
  tags        = { Name = "${var.name}-database" }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL for the nodes"
  referenced_security_group_id = var.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "nodes" {
  security_group_id            = var.client_security_group_id
  description                  = "PostgreSQL of the group"
  referenced_security_group_id = aws_security_group.this.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_db_subnet_group" "this" {
  name_prefix = "${var.name}-"
  description = "The private subnets of ${var.name}"
  subnet_ids  = var.subnet_ids
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${var.name}-"
  family      = "postgres17"
  description = "TLS is required; slow statements are logged"
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }
  parameter {
    name  = "log_statement"
    value = "ddl"
  }
  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier_prefix = "${var.name}-"
  engine            = "postgres"
  engine_version    = "17"
  instance_class    = var.instance_type
  db_name           = "tocos"
  username          = "tocos"

  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.kms_key_arn

  multi_az               = true
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = false
  parameter_group_name   = aws_db_parameter_group.this.name

  storage_type          = "gp3"
  allocated_storage     = var.gib
  max_allocated_storage = 10 * var.gib
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  backup_retention_period = var.retain_days
  copy_tags_to_snapshot   = true
  # A destroy, and database = "none", are refused by AWS until this is switched off; then a last snapshot is made.
  deletion_protection       = !var.emulator
  skip_final_snapshot       = var.emulator
  final_snapshot_identifier = "${var.name}-database-final"

  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]
}

output "secret_arn" { value = aws_db_instance.this.master_user_secret[0].secret_arn }
output "address" { value = aws_db_instance.this.address }
output "instance" {
  value = {
    multi_az            = aws_db_instance.this.multi_az
    encrypted           = aws_db_instance.this.storage_encrypted
    public              = aws_db_instance.this.publicly_accessible
    deletion_protection = aws_db_instance.this.deletion_protection
    parameters          = { for parameter in aws_db_parameter_group.this.parameter : parameter.name => parameter.value }
    subnets             = aws_db_subnet_group.this.subnet_ids
    retain_days         = aws_db_instance.this.backup_retention_period
    manages_password    = aws_db_instance.this.manage_master_user_password
    has_no_password     = aws_db_instance.this.password == null
  }
}
output "rules" {
  value = { in = aws_vpc_security_group_ingress_rule.nodes, out = aws_vpc_security_group_egress_rule.nodes }
}
