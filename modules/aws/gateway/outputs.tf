output "url" {
  description = "URL of the gateway, without a slash at the end."
  value       = trimsuffix(aws_apigatewayv2_api.this.api_endpoint, "/")

  # without its stage the API answers 404
  depends_on = [aws_apigatewayv2_stage.this, aws_apigatewayv2_route.this]
}

output "host" {
  description = "Host name of the gateway."
  value       = split("/", replace(aws_apigatewayv2_api.this.api_endpoint, "/^https?:\\/\\//", ""))[0]
  depends_on  = [aws_apigatewayv2_stage.this, aws_apigatewayv2_route.this]
}

output "id" {
  description = "Id of the API."
  value       = aws_apigatewayv2_api.this.id
}
