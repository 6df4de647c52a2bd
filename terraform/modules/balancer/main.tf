# TLS by an application load balancer: 443 to the service, 80 redirects. It sends requests only while /readyz is 200.

terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}

variable "name" { type = string }
variable "vpc_id" { type = string }
variable "subnet_ids" { type = list(string) }
variable "security_group_id" { type = string }
variable "certificate_arn" { type = string }
variable "instance_id" { type = string }
variable "further_instances" { type = list(string) }
variable "ports" { type = map(number) }

resource "aws_lb" "this" {
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = var.subnet_ids
  security_groups            = [var.security_group_id]
  drop_invalid_header_fields = true
  enable_deletion_protection = false
}

resource "aws_lb_target_group" "service" {
  name                 = var.name
  vpc_id               = var.vpc_id
  port                 = var.ports.service
  protocol             = "HTTP"
  deregistration_delay = 10
  health_check {
    port                = var.ports.metrics
    path                = "/readyz"
    interval            = 5
    timeout             = 2
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_target_group_attachment" "service" {
  target_group_arn = aws_lb_target_group.service.arn
  target_id        = var.instance_id
  port             = var.ports.service
}

# The other nodes of a group.
resource "aws_lb_target_group_attachment" "further" {
  count            = length(var.further_instances)
  target_group_arn = aws_lb_target_group.service.arn
  target_id        = var.further_instances[count.index]
  port             = var.ports.service
}

resource "aws_lb_listener" "https" {
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.service.arn
  }
}

resource "aws_lb_listener" "http" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type = "redirect"
    redirect {
      port        = "443"
      protocol    = "HTTPS"
      status_code = "HTTP_301"
    }
  }
}

output "targets" { value = concat([aws_lb_target_group_attachment.service.target_id], aws_lb_target_group_attachment.further[*].target_id) }
output "dns_name" { value = aws_lb.this.dns_name }
