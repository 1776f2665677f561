# An HTTP API (API Gateway v2) that passes requests on by path prefix. It reaches public addresses only.

locals {
  # 128 characters
  short = length(var.name) <= 128 ? var.name : "${substr(var.name, 0, 119)}-${substr(sha256(var.name), 0, 8)}"

  # keys come from paths, which are known; what a backend is may not be yet
  routes = { for route in var.routes : trimsuffix(try(route.path, "/"), "/") => route }

  # one URL, or a list with one address; several addresses are the work of a load balancer
  lists = { for path, route in local.routes : path => try(tolist(route.backends), [tostring(route.backends)]) }
  ports = { for path, route in local.routes : path => try(tonumber(route.port), 80) }
  urls = { for path, list in local.lists : path => (
    can(regex("^https?://", list[0])) ? trimsuffix(list[0], "/") : "http://${list[0]}${local.ports[path] == 0 ? "" : ":${local.ports[path]}"}"
  ) }

  kept = { for path, route in local.routes : path => try(tobool(route.rewrite), false) ? "" : path }

  # a prefix is two routes: itself, and all below it
  pairs = merge(
    { for path, route in local.routes : "${path}/{proxy+}" => { path = path, below = true } },
    { for path, route in local.routes : path == "" ? "/" : path => { path = path, below = false } },
  )
}

resource "aws_apigatewayv2_api" "this" {
  name          = local.short
  protocol_type = "HTTP"
  tags          = var.tags
}

resource "aws_apigatewayv2_integration" "this" {
  for_each = local.pairs

  api_id               = aws_apigatewayv2_api.this.id
  integration_type     = "HTTP_PROXY"
  integration_method   = "ANY"
  integration_uri      = "${local.urls[each.value.path]}${local.kept[each.value.path]}${each.value.below ? "/{proxy}" : local.kept[each.value.path] == "" ? "/" : ""}"
  timeout_milliseconds = 29000

  lifecycle {
    precondition {
      condition     = length(local.lists[each.value.path]) == 1
      error_message = "An HTTP API passes a route on to one address: name the URL of a load balancer, or place the gateway on hosts."
    }
  }
}

resource "aws_apigatewayv2_route" "this" {
  for_each = local.pairs

  api_id    = aws_apigatewayv2_api.this.id
  route_key = "ANY ${each.key}"
  target    = "integrations/${aws_apigatewayv2_integration.this[each.key].id}"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/apigateway/${var.name}"
  retention_in_days = var.log_days
  tags              = var.tags
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true
  tags        = var.tags

  default_route_settings {
    throttling_burst_limit = var.burst
    throttling_rate_limit  = var.rate
  }

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.this.arn
    format          = jsonencode({ requestId = "$context.requestId", ip = "$context.identity.sourceIp", time = "$context.requestTime", method = "$context.httpMethod", path = "$context.path", status = "$context.status", latency = "$context.responseLatency" })
  }
}
