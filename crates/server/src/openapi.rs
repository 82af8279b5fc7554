//! The description of the API, made from the reviewed list of routes, so that neither has what the other has not.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::access::{Access, ROUTES, Who};

/// Names of the parts of a path that stand for something.
fn parameters(path: &str) -> Vec<Value> {
    let names = path.split('/').filter_map(|part| {
        let name = part.strip_prefix('{')?.strip_suffix('}')?;
        Some(name.trim_start_matches('*'))
    });
    names
        .map(|name| {
            let kind = if name == "id" { "integer" } else { "string" };
            json!({"name": name, "in": "path", "required": true, "schema": {"type": kind}})
        })
        .collect()
}

/// The resource that a route is about: the last fixed part of its path.
fn resource(path: &str) -> &str {
    let mut parts = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != "api");
    let last = parts.rfind(|part| !part.starts_with('{'));
    last.unwrap_or("page")
}

/// A name for the operation, of its method and path.
fn name(access: &Access) -> String {
    let mut name = access.method.to_lowercase();
    for part in access.path.split(['/', '{', '}', '.', '*']) {
        if !part.is_empty() && part != "api" {
            name.push('_');
            name.push_str(part);
        }
    }
    name
}

fn operation(access: &Access) -> Value {
    let security = match access.who {
        Who::Anyone => json!([]),
        Who::Session => json!([{"bearer": []}, {"cookie": []}]),
        Who::TokenHolder => json!([{"trigger": []}, {"bearer": []}, {"cookie": []}]),
    };
    let mut operation = json!({
        "operationId": name(access),
        "tags": [resource(access.path)],
        "security": security,
        "responses": {
            "200": {"description": "It was done."},
            "default": {
                "description": "It was not done.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    });
    let parameters = parameters(access.path);
    if !parameters.is_empty() {
        operation["parameters"] = json!(parameters);
    }
    if matches!(access.method, "POST" | "PUT" | "PATCH") {
        operation["requestBody"] = json!({
            "content": {"application/json": {"schema": {"type": "object"}}},
        });
    }
    operation
}

/// The description, as OpenAPI 3.1.
pub fn openapi() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    // Pages are for browsers, wherever they stand.
    for access in ROUTES.iter().filter(|access| access.path != "/{*path}") {
        let methods = paths.entry(access.path).or_default();
        methods.insert(access.method.to_lowercase(), operation(access));
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Baton",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Pipelines, triggers, runs and what they produce. Lists take `_limit`, `_offset` and filters \
                            by name; errors have a real status code.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token that `baton start` printed."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "baton_session"},
                "trigger": {"type": "http", "scheme": "bearer", "description": "The token of the trigger."},
            },
            "schemas": {
                "Error": {
                    "type": "object",
                    "required": ["error", "status"],
                    "properties": {
                        "status": {"type": "integer"},
                        "error": {
                            "type": "object",
                            "required": ["code", "type", "message"],
                            "properties": {
                                "code": {"type": "integer", "description": "The status code."},
                                "type": {"type": "string", "description": "A stable word for programs.", "enum": [
                                    "api_resource_error", "conflict", "internal_error", "invalid_oauth_token",
                                    "record_invalid", "record_not_found", "try_again", "unauthorized_access",
                                ]},
                                "message": {"type": "string"},
                                "hint": {"type": ["string", "null"]},
                                "errors": {},
                                "exception": {},
                            },
                        },
                    },
                },
            },
        },
    })
}
