# All that is open. Towards the world 443, and 80 that redirects; everything else names who may.

resource "aws_security_group" "edge" {
  name_prefix = "${var.name}-edge-"
  description = "The public side: HTTPS, and HTTP that redirects"
  vpc_id      = module.network.vpc_id
  tags        = { Name = "${var.name}-edge" }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_security_group" "service" {
  name_prefix = "${var.name}-service-"
  description = "The service: only its proxy or balancer, and who reads the metrics"
  vpc_id      = module.network.vpc_id
  tags        = { Name = "${var.name}-service" }
  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_vpc_security_group_ingress_rule" "edge" {
  for_each          = { https = 443, http = 80 }
  security_group_id = aws_security_group.edge.id
  description       = "${each.key} from everywhere"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

# Where proxy and service share a machine they meet on its loopback, and this rule is not there.
resource "aws_vpc_security_group_ingress_rule" "service_from_edge" {
  for_each = merge(
    local.proxy_here ? {} : { service = local.ports.service },
    # The balancer's health check reads /readyz on the internal listener; so does the proxy's, where there are several nodes.
    var.balancer || var.nodes > 1 ? { metrics = local.ports.metrics } : {},
  )
  security_group_id            = aws_security_group.service.id
  description                  = "${each.key} from proxy or balancer"
  referenced_security_group_id = aws_security_group.edge.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}

locals {
  metrics_rules = {
    for pair in setproduct(var.metrics_cidrs, [local.ports.metrics, local.ports.host_metrics]) :
    "${pair[0]}-${pair[1]}" => { cidr = pair[0], port = pair[1] }
  }
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  for_each          = local.metrics_rules
  security_group_id = aws_security_group.service.id
  description       = "metrics inside the VPC"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "tcp"
  from_port         = each.value.port
  to_port           = each.value.port
}

# Out: packages and images (80, 443). Name service and time come from Amazon's own addresses, which no group filters.
resource "aws_vpc_security_group_egress_rule" "service" {
  for_each          = { https = 443, http = 80 }
  security_group_id = aws_security_group.service.id
  description       = "${each.key}: packages and images"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_egress_rule" "edge" {
  for_each          = var.balancer ? {} : { https = 443, http = 80 }
  security_group_id = aws_security_group.edge.id
  description       = "${each.key}: packages and certificates"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_egress_rule" "edge_to_service" {
  for_each = merge(
    local.proxy_here ? {} : { service = local.ports.service },
    var.balancer || var.nodes > 1 ? { metrics = local.ports.metrics } : {},
  )
  security_group_id            = aws_security_group.edge.id
  description                  = "${each.key} of the service"
  referenced_security_group_id = aws_security_group.service.id
  ip_protocol                  = "tcp"
  from_port                    = each.value
  to_port                      = each.value
}
