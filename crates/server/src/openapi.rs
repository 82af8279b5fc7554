//! The description of the API: the reviewed list of routes, with what their handlers take and give.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::access::{Access, ROUTES, Who};
use crate::api;
use crate::contract::{Operation, Route, Schemas};

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

fn content(types: &BTreeMap<&'static str, Value>) -> Value {
    let types = types.iter();
    types
        .map(|(kind, schema)| ((*kind).to_owned(), json!({"schema": schema})))
        .collect::<Map<_, _>>()
        .into()
}

fn described(access: &Access, route: &Route, schemas: &mut Schemas) -> Value {
    let mut operation = Operation::new(route.path, schemas);
    (route.describe)(&mut operation);
    let security = match access.who {
        Who::Anyone => json!([]),
        Who::Session => json!([{"bearer": []}, {"cookie": []}]),
        Who::TokenHolder => json!([{"trigger": []}, {"bearer": []}, {"cookie": []}]),
    };
    let mut view = json!({
        "operationId": name(access),
        "summary": access.summary,
        "tags": [resource(access.path)],
        "security": security,
        "responses": {
            "200": {"description": "It was done.", "content": content(&operation.answers)},
            "default": {
                "description": "It was not done.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    });
    if !operation.parameters.is_empty() {
        view["parameters"] = json!(operation.parameters);
    }
    if !operation.bodies.is_empty() {
        view["requestBody"] = json!({"content": content(&operation.bodies)});
    }
    if let Some([sent, received]) = operation.messages {
        view["responses"] = json!({"101": {"description": "The socket is open."}});
        // OpenAPI has no words for what goes over a socket.
        view["x-messages"] = json!({"sent": sent, "received": received});
    }
    view
}

/// The description, as OpenAPI 3.1.
pub fn openapi() -> Value {
    let mut schemas = Schemas::new();
    let routes: BTreeMap<_, Route> = api::routes()
        .into_iter()
        .map(|route| ((route.method, route.path), route))
        .collect();
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    // Pages are for browsers, wherever they stand.
    for access in ROUTES.iter().filter(|access| access.path != "/{*path}") {
        if let Some(route) = routes.get(&(access.method, access.path)) {
            let methods = paths.entry(access.path).or_default();
            let operation = described(access, route, &mut schemas);
            methods.insert(access.method.to_lowercase(), operation);
        }
    }
    let [sent, answered] = schemas.into_definitions();
    // In a fixed order, so that the file changes only where the API does.
    let definitions: BTreeMap<String, Value> = sent.into_iter().chain(answered).collect();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Baton",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Pipelines, triggers, runs and what they produce. Lists take `_limit` and `_offset`, or `cursor`, \
                            and filters by name; errors have a real status code and a stable `type` (docs/reference/errors.md).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The token that `baton start` printed."},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "baton_session_…", "description": "Eight characters follow that tell servers of one machine apart."},
                "trigger": {"type": "http", "scheme": "bearer", "description": "The token of the trigger."},
            },
            "schemas": definitions,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_thing_in_requests_and_answers() {
        let mut schemas = Schemas::new();
        for route in api::routes() {
            (route.describe)(&mut Operation::new(route.path, &mut schemas));
        }
        let [sent, answered] = schemas.into_definitions();
        for (name, schema) in &sent {
            if let Some(other) = answered.get(name) {
                assert_eq!(schema, other, "{name}");
            }
        }
    }

    #[test]
    fn every_place_of_a_path_has_its_type() {
        let mut schemas = Schemas::new();
        for route in api::routes() {
            let mut operation = Operation::new(route.path, &mut schemas);
            (route.describe)(&mut operation);
            let places = route.path.matches('{').count();
            let told = operation.parameters.iter();
            let told = told.filter(|parameter| parameter["in"] == "path");
            assert_eq!(told.count(), places, "{} {}", route.method, route.path);
        }
    }
}
