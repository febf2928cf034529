//! A description whose one answer has one of everything.

/// An OpenAPI document of one operation.
pub(in crate::filter) const DESCRIPTION: &str = r##"
{
  "openapi": "3.1.0",
  "info": { "title": "One of everything", "version": "1" },
  "paths": {
    "/accounts": {
      "get": {
        "operationId": "listAccounts",
        "x-mortise-class": "customer",
        "x-mortise-scope": "accounts",
        "x-mortise-authorization-details": "none",
        "x-mortise-authentication": "none",
        "responses": {
          "200": { "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Answer" } } } }
        }
      }
    }
  },
  "components": {
    "schemas": {
      "Answer": {
        "type": "object",
        "properties": {
          "data": { "type": "array", "items": { "$ref": "#/components/schemas/Account" } },
          "limits": {
            "propertyNames": { "type": "string", "x-mortise-cluster": "list" },
            "additionalProperties": { "$ref": "#/components/schemas/Limit" }
          },
          "meta": {
            "type": ["object", "null"],
            "properties": {
              "count": { "type": "integer", "x-mortise-cluster": "none", "x-mortise-total": "count /data" },
              "sum": { "type": ["string", "number", "null"], "x-mortise-cluster": "balance", "x-mortise-total": "sum /data/*/balance/amount" },
              "moved": { "type": "string", "x-mortise-cluster": "transaction", "x-mortise-total": "sum /data/*/transactions/*/amount" },
              "lines": { "type": "integer", "x-mortise-cluster": "none", "x-mortise-total": "count /data/*/transactions" },
              "bank": { "type": "string", "x-mortise-cluster": "none" }
            }
          },
          "name": { "type": ["string", "null"], "x-mortise-cluster": "holder", "x-mortise-resource": "none" }
        }
      },
      "Account": {
        "type": "object",
        "properties": {
          "label": { "type": "string", "x-mortise-cluster": "list" },
          "id": { "type": ["string", "integer"], "x-mortise-cluster": "list", "x-mortise-resource": "account" },
          "currency": { "type": "string", "x-mortise-cluster": "none" },
          "is_open": { "type": "boolean", "x-mortise-cluster": "list" },
          "balance": {
            "type": ["object", "null"],
            "properties": {
              "amount": { "type": ["string", "number", "null"], "x-mortise-cluster": "balance" },
              "currency": { "type": "string", "x-mortise-cluster": "none" }
            }
          },
          "transactions": { "type": "array", "items": { "$ref": "#/components/schemas/Transaction" } },
          "parts": { "type": "array", "items": { "$ref": "#/components/schemas/Account" } },
          "holders": {
            "type": "array",
            "items": { "type": "string", "x-mortise-cluster": "holder" }
          }
        }
      },
      "Transaction": {
        "type": "object",
        "properties": {
          "memo": { "type": "string", "x-mortise-cluster": "transaction" },
          "amount": { "type": "string", "x-mortise-cluster": "transaction" },
          "when": {
            "properties": {
              "booked": { "type": ["string", "null"], "x-mortise-cluster": "list", "x-mortise-date": "of" }
            }
          }
        }
      },
      "Limit": {
        "type": "object",
        "properties": {
          "of": {
            "properties": {
              "account": { "type": "string", "x-mortise-cluster": "list", "x-mortise-resource": "account" }
            }
          },
          "most": { "type": "number", "x-mortise-cluster": "balance" }
        }
      }
    }
  }
}
"##;
