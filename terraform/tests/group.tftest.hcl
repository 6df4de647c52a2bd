# A group: several nodes and their database, as plans on a mocked provider.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_ami" {
    defaults = { id = "ami-0123456789abcdef0" }
  }
  # These are known already in the plan, so that user_data, rights and rules, which carry them, are too.
  mock_resource "aws_ebs_volume" {
    override_during = plan
    defaults        = { id = "vol-0123456789abcdef0" }
  }
  mock_resource "aws_db_instance" {
    override_during = plan
    defaults = {
      address            = "tocos.abc.eu-central-1.rds.amazonaws.com"
      master_user_secret = [{ kms_key_id = "", secret_status = "active", secret_arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-1" }]
    }
  }
  mock_resource "aws_security_group" {
    override_during = plan
    defaults        = { id = "sg-0123456789abcdef0" }
  }
  mock_resource "aws_subnet" {
    override_during = plan
    defaults        = { id = "subnet-0123456789abcdef0" }
  }
  mock_resource "aws_instance" {
    override_during = plan
    defaults        = { id = "i-0123456789abcdef0" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  image           = "docker.io/acme/tocos"
  balancer        = true
  certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
}

run "by_default_nothing_of_a_group_is_there" {
  command = plan
  assert {
    condition     = length(module.database) == 0 && length(module.node) == 0 && length(aws_ebs_volume.node) == 0 && length(aws_volume_attachment.node) == 0
    error_message = "there is a database or a node that nobody asked for"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.between_nodes) == 0 && length(aws_vpc_security_group_egress_rule.between_nodes) == 0
    error_message = "there are rules for other nodes"
  }
  assert {
    condition     = output.nodes == null && output.database == null && length(terraform_data.group_contradictions) == 0
    error_message = "there are outputs of a group"
  }
  assert {
    condition = alltrue([for text in concat(keys(local.service_files), keys(local.service_programs)) : !strcontains(text, "group") && !strcontains(text, "password")]) && (
    !strcontains(local.service_files["/etc/containers/systemd/tocos.container.d/10-host.conf"], "ExecStartPre") && length(local.group_commands) == 0)
    error_message = "the instance is told of a group"
  }
}

run "three_nodes_stand_in_two_zones_with_a_volume_each" {
  command = plan
  variables {
    nodes    = 3
    database = "rds"
  }
  assert {
    condition     = [for node in output.nodes : node.private_ip] == ["10.20.10.10", "10.20.11.11", "10.20.10.12"] && length(module.node) == 2
    error_message = "not three nodes in turn in the two zones"
  }
  assert {
    condition     = [for volume in aws_ebs_volume.node : "${volume.availability_zone} ${volume.encrypted}"] == ["eu-central-1b true", "eu-central-1a true"] && length(aws_volume_attachment.node) == 2
    error_message = "a node has no encrypted volume in its own zone"
  }
  assert {
    condition     = length(module.balancer[0].targets) == 3
    error_message = "the balancer does not know all nodes"
  }
  assert {
    condition = { for name, rule in aws_vpc_security_group_ingress_rule.between_nodes : rule.from_port => rule.referenced_security_group_id == aws_security_group.service.id && rule.cidr_ipv4 == null } == {
    "8080" = true, "9464" = true, "9100" = true }
    error_message = "nodes don't reach each other, or others do"
  }
}

run "the_database_is_private_encrypted_in_two_zones_and_speaks_tls_alone" {
  command = plan
  variables {
    nodes              = 2
    database           = "rds"
    backup_retain_days = 9
  }
  assert {
    condition     = module.database[0].instance.multi_az && module.database[0].instance.encrypted && !module.database[0].instance.public && module.database[0].instance.deletion_protection
    error_message = "it is in one zone, not encrypted, public, or can be deleted at once"
  }
  assert {
    condition     = module.database[0].instance.parameters["rds.force_ssl"] == "1"
    error_message = "it takes connections without TLS"
  }
  assert {
    condition     = module.database[0].instance.retain_days == 9 && module.database[0].instance.manages_password && module.database[0].instance.has_no_password
    error_message = "its backups are not kept as long as was said, or there is a password in the state"
  }
  assert {
    condition     = toset(module.database[0].instance.subnets) == toset(module.network.private_subnet_ids)
    error_message = "it is not in the private subnets"
  }
  assert {
    condition = [for rule in values(module.database[0].rules) : "${rule.security_group_id} ${rule.referenced_security_group_id} ${rule.from_port} ${rule.to_port}"] == [
    "sg-0123456789abcdef0 sg-0123456789abcdef0 5432 5432", "sg-0123456789abcdef0 sg-0123456789abcdef0 5432 5432"]
    error_message = "something else than a node reaches it, or by another port"
  }
}

run "each_node_is_told_its_name_and_how_to_reach_the_database" {
  command = plan
  variables {
    nodes    = 2
    database = "rds"
  }
  assert {
    condition = [for files in local.node_files : [for line in split("\n", files["/etc/containers/systemd/tocos.container.d/10-host.conf"]) : line if !strcontains(line, "TimeoutStartSec")]] == [
      for index, ip in ["10.20.10.10", "10.20.11.11"] : [
        "[Container]", "PublishPort=8080:8080", "PublishPort=9464:9464", "Environment=TOCOS_NODE=tocos-${index + 1}", "Environment=TOCOS_ADVERTISE=http://${ip}:8080",
        "EnvironmentFile=/etc/tocos/shared-log.env", "Volume=/etc/tocos/rds.pem:/etc/tocos/rds.pem:ro", "[Service]", "ExecStartPre=/usr/local/sbin/tocos-group prepare", "",
    ]]
    error_message = "the units are not those of two nodes"
  }
  assert {
    condition = [for files in local.node_files : jsondecode(files["/etc/tocos/group.json"])] == [for index in [0, 1] : {
      index = index, nodes = ["10.20.10.10", "10.20.11.11"], region = "eu-central-1", secret = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-1"
      url   = "postgres://tocos:PASSWORD@tocos.abc.eu-central-1.rds.amazonaws.com:5432/tocos?ledger=tocos&sslmode=verify-full&sslrootcert=/etc/tocos/rds.pem&durability=managed"
    }]
    error_message = "they don't know each other, or not how to reach the database, certificate checked"
  }
  assert {
    condition     = alltrue([for files in local.node_files : strcontains(files["/etc/systemd/system/tocos-update.service.d/10-group.conf"], "ExecStart=\nExecStart=/usr/local/sbin/tocos-group update\n")])
    error_message = "a node would take an image without waiting for its turn"
  }
  assert {
    # 16 KiB, in base64.
    condition     = alltrue([for data in local.node_user_data_gz : length(data) < 21848])
    error_message = "user_data is too large: ${join(", ", [for data in local.node_user_data_gz : length(data)])}"
  }
}

run "nodes_may_read_the_password_and_nothing_else_of_its_kind" {
  command = plan
  variables {
    nodes    = 2
    database = "rds"
  }
  assert {
    condition = [for statement in data.aws_iam_policy_document.database[0].statement : [toset(statement.actions), toset(statement.resources)]] == [
    [toset(["secretsmanager:GetSecretValue"]), toset(["arn:aws:secretsmanager:eu-central-1:123456789012:secret:rds-1"])]]
    error_message = "the role may more than read that secret, or less"
  }
  assert {
    condition     = keys(module.service.policies) == ["database"] && keys(module.node[0].policies) == ["database"] && module.node[0].metadata_hops == 1
    error_message = "a node does not have that right, or a container reaches the role"
  }
}

run "the_proxy_asks_all_nodes_that_are_ready" {
  command = plan
  variables {
    nodes           = 2
    database        = "rds"
    balancer        = false
    certificate_arn = ""
    nat             = true
  }
  assert {
    condition     = strcontains(local.caddyfile, "reverse_proxy 10.20.10.10:8080 10.20.11.11:8080 {\n\t\t# Only nodes") && strcontains(local.caddyfile, "health_uri /readyz\n\t\thealth_port 9464\n")
    error_message = "Caddy does not ask both, or not whether they are ready"
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.service_from_edge : rule.from_port]) == toset([8080, 9464])
    error_message = "Caddy does not reach /readyz"
  }
}

run "one_node_with_a_database_is_a_group_of_one" {
  command = plan
  variables {
    database        = "rds"
    balancer        = false
    certificate_arn = ""
  }
  assert {
    condition     = length(module.node) == 0 && strcontains(local.service_files["/etc/containers/systemd/tocos.container.d/10-host.conf"], "TOCOS_ADVERTISE=http://10.20.0.10:8080")
    error_message = "it is not one node with a database"
  }
  assert {
    condition     = strcontains(local.caddyfile, "reverse_proxy 127.0.0.1:8080 {\n\t\t# While")
    error_message = "Caddy asks somebody else"
  }
}

run "several_nodes_without_a_database_are_refused" {
  command = plan
  variables {
    nodes = 2
  }
  expect_failures = [terraform_data.group_contradictions]
}

run "several_public_nodes_are_refused" {
  command = plan
  variables {
    nodes           = 2
    database        = "rds"
    balancer        = false
    certificate_arn = ""
  }
  expect_failures = [terraform_data.group_contradictions]
}

run "another_database_is_refused" {
  command = plan
  variables {
    database = "mysql"
  }
  expect_failures = [var.database]
}

run "no_nodes_are_refused" {
  command = plan
  variables {
    nodes = 0
  }
  expect_failures = [var.nodes]
}
