"""The controller's HTTP side: route table, tokens, idempotency, problem+json, paging, OpenAPI, health and metrics."""
