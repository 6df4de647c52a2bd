# Every switch, as plans on a mocked provider: no account, no network.

mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}" }
  }
  mock_data "aws_ami" {
    defaults = { id = "ami-0123456789abcdef0" }
  }
  mock_resource "aws_ebs_volume" {
    # Known already in the plan, so that user_data, which carries it, is too.
    override_during = plan
    defaults        = { id = "vol-0123456789abcdef0" }
  }
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  image = "docker.io/acme/tocos"
}

run "by_default_one_public_instance_with_caddy_on_it" {
  command = plan
  assert {
    condition     = length(module.proxy) == 0 && length(module.balancer) == 0 && length(module.backup) == 1 && length(module.github) == 0
    error_message = "by default there is one machine, backups, and nothing else"
  }
  assert {
    condition     = output.private_ip == "10.20.0.10"
    error_message = "the instance is not in the first public subnet"
  }
  assert {
    condition     = length(module.network.flow_log_ids) == 0
    error_message = "there is a flow log nobody asked for"
  }
  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.service_from_edge) == 0 && length(aws_vpc_security_group_ingress_rule.metrics) == 0
    error_message = "a port besides 443 and 80 is open"
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.edge : rule.from_port]) == toset([80, 443])
    error_message = "the public side is not exactly 443 and 80"
  }
  assert {
    condition     = aws_ebs_volume.data[0].encrypted && aws_ebs_volume.data[0].type == "gp3" && length(aws_ebs_volume.emulated) == 0
    error_message = "the data volume is not encrypted gp3"
  }
}

run "the_proxy_meets_the_service_on_the_loopback_when_they_share_a_machine" {
  command = plan
  assert {
    condition     = contains(local.service_ports, "127.0.0.1:8080:8080") && contains(local.service_ports, "127.0.0.1:9464:9464")
    error_message = "the service listens beyond the loopback"
  }
  assert {
    condition     = strcontains(local.caddyfile, "reverse_proxy 127.0.0.1:8080")
    error_message = "Caddy does not ask the loopback"
  }
}

run "nat_moves_the_instance_into_the_private_subnet_behind_a_proxy" {
  command = plan
  variables {
    nat = true
  }
  assert {
    condition     = length(module.proxy) == 1 && output.private_ip == "10.20.10.10"
    error_message = "no proxy, or the instance is not private"
  }
  assert {
    condition     = [for rule in aws_vpc_security_group_ingress_rule.service_from_edge : rule.from_port] == [8080]
    error_message = "the service must be open to its proxy on 8080 alone"
  }
  assert {
    condition     = strcontains(local.caddyfile, "reverse_proxy 10.20.10.10:8080") && contains(local.service_ports, "8080:8080")
    error_message = "the proxy does not lead to the service"
  }
}

run "nat_can_be_had_without_moving_the_instance" {
  command = plan
  variables {
    nat              = true
    private_instance = false
  }
  assert {
    condition     = length(module.proxy) == 0 && output.private_ip == "10.20.0.10"
    error_message = "the instance moved"
  }
}

run "the_balancer_brings_nat_and_a_private_instance" {
  command = plan
  variables {
    balancer        = true
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1"
  }
  assert {
    condition     = length(module.balancer) == 1 && length(module.proxy) == 0 && output.private_ip == "10.20.10.10" && local.nat
    error_message = "a balancer must come with NAT and a private instance, and without a proxy"
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.service_from_edge : rule.from_port]) == toset([8080, 9464])
    error_message = "the balancer needs the service and its readiness"
  }
  assert {
    condition     = length(aws_vpc_security_group_egress_rule.edge) == 0
    error_message = "a balancer has no business outside"
  }
  assert {
    condition     = !strcontains(local.service_user_data, "/etc/tocos/Caddyfile")
    error_message = "Caddy is installed beside a balancer"
  }
}

run "a_balancer_without_a_certificate_is_refused" {
  command = plan
  variables {
    balancer = true
  }
  expect_failures = [terraform_data.contradictions]
}

run "a_private_instance_without_nat_is_refused" {
  command = plan
  variables {
    private_instance = true
  }
  expect_failures = [terraform_data.contradictions]
}

run "a_nudge_without_systems_manager_is_refused" {
  command = plan
  variables {
    github_subject = "repo:acme@1/tocos@2:environment:production"
    ssm_agent      = false
  }
  expect_failures = [terraform_data.contradictions]
}

run "metrics_are_open_to_the_named_addresses_and_on_two_ports" {
  command = plan
  variables {
    metrics_cidrs = ["10.20.200.0/28"]
  }
  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.metrics : "${rule.cidr_ipv4} ${rule.from_port}"]) == toset(["10.20.200.0/28 9464", "10.20.200.0/28 9100"])
    error_message = "not exactly the two metrics ports"
  }
}

run "metrics_for_the_world_are_refused" {
  command = plan
  variables {
    metrics_cidrs = ["0.0.0.0/0"]
  }
  expect_failures = [terraform_data.contradictions]
}

run "backups_can_be_off" {
  command = plan
  variables {
    backups = false
  }
  assert {
    condition     = length(module.backup) == 0
    error_message = "backups are on"
  }
}

run "without_an_archive_there_is_no_bucket_no_right_and_no_setting" {
  command = plan
  assert {
    condition     = length(module.archive) == 0 && output.archive_url == "" && length(module.service.policies) == 0
    error_message = "there is a bucket or a right that nobody asked for"
  }
  assert {
    condition     = !strcontains(local.service_files["/etc/containers/systemd/tocos.container.d/10-host.conf"], "Environment=")
    error_message = "the service is told of an archive"
  }
  assert {
    condition     = module.service.metadata_hops == 1
    error_message = "a container reaches the role's keys, and has no use for them"
  }
}

run "an_archive_is_a_bucket_that_the_instance_may_add_to_and_read" {
  command = plan
  variables {
    archive = true
  }
  assert {
    condition     = output.archive_url == "s3://tocos-archive-123456789012-eu-central-1/tocos"
    error_message = "the bucket is not named after prefix, account and region"
  }
  assert {
    condition     = module.archive[0].encryption.algorithm == "AES256"
    error_message = "the bucket is not encrypted by S3 itself"
  }
  assert {
    condition = { for statement in data.aws_iam_policy_document.archive[0].statement : statement.sid => [
      toset(statement.actions), toset(statement.resources)] if statement.effect != "Deny" } == {
      AddAndRead = [toset(["s3:PutObject", "s3:GetObject"]), toset(["arn:aws:s3:::tocos-archive-123456789012-eu-central-1/tocos/*"])]
      List       = [toset(["s3:ListBucket"]), toset(["arn:aws:s3:::tocos-archive-123456789012-eu-central-1"])]
    }
    error_message = "the role may more than put, get and list, or less"
  }
  assert {
    condition = [for statement in data.aws_iam_policy_document.archive[0].statement : toset(statement.resources) if statement.effect == "Deny"] == [
    toset([for name in ["branch-*", "*/log-*", "*/tail-*"] : "arn:aws:s3:::tocos-archive-123456789012-eu-central-1/tocos/${name}"])]
    error_message = "the role may overwrite the log or a branch"
  }
  assert {
    condition     = keys(module.service.policies) == ["archive"] && module.service.metadata_hops == 2
    error_message = "the role does not have these rights, or the container can't get at the role"
  }
  assert {
    condition = endswith(local.service_files["/etc/containers/systemd/tocos.container.d/10-host.conf"], join("\n", [
      "Environment=TOCOS_ARCHIVE=s3://tocos-archive-123456789012-eu-central-1/tocos", "Environment=AWS_REGION=eu-central-1",
      "[Service]", "TimeoutStartSec=300", "",
    ]))
    error_message = "the service is not told where its archive is"
  }
}

run "an_archive_with_a_key_of_its_own_brings_the_right_to_use_that_key" {
  command = plan
  variables {
    archive     = true
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/1"
  }
  assert {
    condition = [for statement in data.aws_iam_policy_document.archive[0].statement : toset(statement.actions) if statement.sid == "KeyOfTheArchive"] == [
    toset(["kms:Decrypt", "kms:GenerateDataKey"])]
    error_message = "what is put with that key could not be put"
  }
  assert {
    condition = module.archive[0].encryption == {
      algorithm = "aws:kms", key = "arn:aws:kms:eu-central-1:123456789012:key/1", is_shared = true
    }
    error_message = "the bucket is not encrypted with that key, or asks for it for each object"
  }
}

run "another_archive_to_restore_from_may_be_read_and_no_more" {
  command = plan
  variables {
    restore_from = "s3://acme-older/ledger"
  }
  assert {
    condition = { for statement in data.aws_iam_policy_document.archive[0].statement : statement.sid => [
      toset(statement.actions), toset(statement.resources)] } == {
      ReadToRestore = [toset(["s3:GetObject"]), toset(["arn:aws:s3:::acme-older/ledger/*"])]
      List          = [toset(["s3:ListBucket"]), toset(["arn:aws:s3:::acme-older"])]
    }
    error_message = "the role may more than read, or less"
  }
  assert {
    condition     = length(module.archive) == 0 && strcontains(local.service_files["/etc/containers/systemd/tocos.container.d/10-host.conf"], "Environment=TOCOS_RESTORE_FROM=s3://acme-older/ledger\n")
    error_message = "the service is not told where to restore from, or there is a bucket"
  }
}

run "its_own_archive_to_restore_from_needs_no_further_right" {
  command = plan
  variables {
    archive      = true
    restore_from = "s3://tocos-archive-123456789012-eu-central-1/tocos"
  }
  assert {
    condition     = toset(data.aws_iam_policy_document.archive[0].statement[*].sid) == toset(["AddAndRead", "NeverOverwriteTheLog", "List"])
    error_message = "the rights differ from those without restore_from"
  }
}

run "an_archive_elsewhere_than_in_s3_is_refused" {
  command = plan
  variables {
    restore_from = "https://example.org/ledger"
  }
  expect_failures = [var.restore_from]
}

run "a_github_role_is_bound_to_one_exact_subject" {
  command = plan
  variables {
    github_subject = "repo:acme@1/tocos@2:environment:production"
  }
  assert {
    condition     = length(module.github) == 1 && output.nudge_document == "tocos-look-for-an-image"
    error_message = "no role for the nudge"
  }
}

run "a_github_subject_with_a_pattern_is_refused" {
  command = plan
  variables {
    github_subject = "repo:acme/*:environment:production"
  }
  expect_failures = [var.github_subject]
}

run "an_image_without_its_registry_is_refused" {
  command = plan
  variables {
    image = "acme/tocos"
  }
  expect_failures = [var.image]
}

run "an_image_with_a_tag_is_refused" {
  command = plan
  variables {
    image = "docker.io/acme/tocos:latest"
  }
  expect_failures = [var.image]
}

run "signatures_are_required_once_there_is_a_key" {
  command = plan
  variables {
    signature_key = "-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n"
  }
  assert {
    condition     = jsondecode(local.signature_files["/etc/containers/policy.json"]).transports.docker["docker.io/acme/tocos"][0].type == "sigstoreSigned"
    error_message = "the policy does not ask for a signature"
  }
  assert {
    condition     = jsondecode(local.service_files["/etc/tocos/deploy.json"]).signatures_required
    error_message = "the updater does not know that signatures are required"
  }
}

run "a_domain_gets_a_certificate_that_the_world_believes" {
  command = plan
  variables {
    domain = "coins.example.org"
  }
  assert {
    condition     = strcontains(local.caddyfile, "coins.example.org {") && !strcontains(local.caddyfile, "local_certs")
    error_message = "Caddy would make a certificate of its own"
  }
  assert {
    condition     = output.url == "https://coins.example.org"
    error_message = "the url is not the domain's"
  }
}

run "user_data_fits_into_what_aws_takes" {
  command = plan
  variables {
    nat           = true
    archive       = true
    restore_from  = "s3://a-rather-long-name-of-a-bucket-of-a-department-example-org/with/a/prefix"
    domain        = "a-rather-long-name-of-a-domain.of-a-department.example.org"
    signature_key = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n-----END PUBLIC KEY-----\n"
  }
  assert {
    condition     = length(local.service_user_data) < 16384 && length(local.proxy_user_data) < 16384
    error_message = "user_data is too large"
  }
}

run "systems_manager_can_be_off" {
  command = plan
  variables {
    ssm_agent = false
  }
  assert {
    condition     = startswith(output.shell, "none")
    error_message = "there is a shell without the agent"
  }
}

run "refused_connections_can_be_logged" {
  command = plan
  variables {
    flow_logs = true
  }
  assert {
    condition     = length(module.network.flow_log_ids) == 1
    error_message = "there is no flow log"
  }
}

run "a_pinned_machine_image_asks_for_none" {
  command = plan
  variables {
    ami_id = "ami-0fedcba9876543210"
  }
  assert {
    condition     = length(data.aws_ami.debian) == 0 && local.ami == "ami-0fedcba9876543210"
    error_message = "the image of the machine was looked up"
  }
}

run "on_an_emulator_the_volume_may_go_and_next_is_about_this_machine" {
  command = plan
  variables {
    emulator  = true
    ssm_agent = false
    nat       = true
  }
  assert {
    condition     = length(aws_ebs_volume.data) == 0 && length(aws_ebs_volume.emulated) == 1 && aws_volume_attachment.data.volume_id == aws_ebs_volume.emulated[0].id
    error_message = "the volume is the protected one"
  }
  assert {
    condition     = strcontains(output.next, "1. ../scripts/local-bodies.sh") && !strcontains(output.next, "aws ssm")
    error_message = "next does not say how the instances get a machine each"
  }
}

run "next_numbers_what_there_is_to_do_on_aws" {
  command = plan
  variables {
    domain    = "coins.example.org"
    ssm_agent = false
    balancer  = true

    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
  }
  override_module {
    target  = module.balancer
    outputs = { dns_name = "balancer.example" }
  }
  assert {
    condition     = startswith(output.next, "1. Point the CNAME record of coins.example.org at balancer.example.\n2. curl https://coins.example.org/version")
    error_message = "the first two steps are not the record and a request"
  }
  assert {
    condition     = strcontains(output.next, "\n3. To deploy, move docker.io/acme/tocos:production") && !strcontains(output.next, "4. ")
    error_message = "a step without an agent is not left out, or the numbers have a gap"
  }
}
