//! What a handler takes and gives, for the description of the API.
//!
//! It is read from the handler's own types, so that the description cannot say anything else than the handler does.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::handler::Handler;
use axum::http::HeaderMap;
use axum::routing::{MethodFilter, MethodRouter, on};
use schemars::generate::{Contract, SchemaGenerator, SchemaSettings};
use schemars::transform::ReplaceBoolSchemas;
use schemars::{JsonSchema, Schema};
use serde_json::{Map, Value, json};

use crate::Shared;
use crate::error::{ApiError, ErrorAnswer};
use crate::params::Path;

/// A route: what is called, and what is said of it.
pub(crate) struct Route {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    pub(crate) handler: MethodRouter<Shared>,
    pub(crate) describe: fn(&mut Operation<'_>),
}

fn route<H, A, B>(
    method: &'static str,
    filter: MethodFilter,
    path: &'static str,
    handler: H,
) -> Route
where
    H: Handler<A, Shared> + Described<B>,
    A: 'static,
{
    Route {
        method,
        path,
        handler: on(filter, handler),
        describe: H::describe,
    }
}

/// A route that reads.
pub(crate) fn get<A: 'static, B>(
    path: &'static str,
    handler: impl Handler<A, Shared> + Described<B>,
) -> Route {
    route("GET", MethodFilter::GET, path, handler)
}

/// A route that makes something, or does.
pub(crate) fn post<A: 'static, B>(
    path: &'static str,
    handler: impl Handler<A, Shared> + Described<B>,
) -> Route {
    route("POST", MethodFilter::POST, path, handler)
}

/// A route that changes something.
pub(crate) fn put<A: 'static, B>(
    path: &'static str,
    handler: impl Handler<A, Shared> + Described<B>,
) -> Route {
    route("PUT", MethodFilter::PUT, path, handler)
}

/// A route that deletes something.
pub(crate) fn delete<A: 'static, B>(
    path: &'static str,
    handler: impl Handler<A, Shared> + Described<B>,
) -> Route {
    route("DELETE", MethodFilter::DELETE, path, handler)
}

/// The schemas of what is sent, and of what is answered: a field that may be left out of the one is always in the other.
pub(crate) struct Schemas {
    sent: SchemaGenerator,
    answered: SchemaGenerator,
}

impl Schemas {
    pub(crate) fn new() -> Self {
        let generator = |contract| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = "/components/schemas".into();
            settings.meta_schema = None;
            settings.contract = contract;
            // Not every reader knows that `true` is a schema, too.
            let mut anything = ReplaceBoolSchemas::default();
            anything.skip_additional_properties = true;
            settings.with_transform(anything).into_generator()
        };
        Self {
            sent: generator(Contract::Deserialize),
            answered: generator(Contract::Serialize),
        }
    }

    /// The named schemas that were met: those of what is sent, and those of what is answered.
    pub(crate) fn into_definitions(mut self) -> [Map<String, Value>; 2] {
        [
            self.sent.take_definitions(true),
            self.answered.take_definitions(true),
        ]
    }
}

/// What is known of an operation.
pub(crate) struct Operation<'s> {
    schemas: &'s mut Schemas,
    /// Names in the path whose types nothing has said yet, the last one first.
    places: Vec<&'static str>,
    pub(crate) parameters: Vec<Value>,
    /// The bodies it takes, by their media types.
    pub(crate) bodies: BTreeMap<&'static str, Value>,
    /// The answer, by its media type.
    pub(crate) answers: BTreeMap<&'static str, Value>,
    /// What is sent and what is answered over a socket.
    pub(crate) messages: Option<[Value; 2]>,
}

impl<'s> Operation<'s> {
    pub(crate) fn new(path: &'static str, schemas: &'s mut Schemas) -> Self {
        let places = path.split('/').rev();
        let places = places.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        Self {
            schemas,
            places: places.collect(),
            parameters: Vec::new(),
            bodies: BTreeMap::new(),
            answers: BTreeMap::new(),
            messages: None,
        }
    }

    /// The schema of something that is sent.
    pub(crate) fn sent<T: JsonSchema>(&mut self) -> Value {
        self.schemas.sent.subschema_for::<T>().to_value()
    }

    /// The schema of something that is answered.
    pub(crate) fn answered<T: JsonSchema>(&mut self) -> Value {
        self.schemas.answered.subschema_for::<T>().to_value()
    }

    /// A header that may be sent.
    pub(crate) fn header(&mut self, name: &str, description: &str) {
        self.parameters.push(json!({
            "name": name, "in": "header", "description": description, "schema": {"type": "string"},
        }));
    }

    /// Every field of `T` may be in the query.
    pub(crate) fn query<T: JsonSchema>(&mut self) {
        let schema = T::json_schema(&mut self.schemas.sent);
        let fields = schema.get("properties").and_then(Value::as_object);
        for (name, schema) in fields.into_iter().flatten() {
            let mut schema = schema.clone();
            let description = schema
                .as_object_mut()
                .and_then(|map| map.remove("description"));
            let is_list = schema.get("type") == Some(&json!("array"));
            let name = if is_list {
                format!("{name}[]")
            } else {
                name.clone()
            };
            let mut parameter =
                json!({"name": name, "in": "query", "schema": without_null(schema)});
            if let Some(description) = description {
                parameter["description"] = description;
            }
            self.parameters.push(parameter);
        }
    }

    fn place(&mut self, schema: &Value) {
        if let Some(name) = self.places.pop() {
            self.parameters
                .push(json!({"name": name, "in": "path", "required": true, "schema": schema}));
        }
    }

    fn json_body(&mut self, schema: Value) {
        self.bodies.insert("application/json", schema);
    }

    /// A body of bytes.
    pub(crate) fn takes_bytes(&mut self, kind: &'static str) {
        self.bodies.insert(kind, json!({}));
    }

    /// An answer of bytes, or of text that is no JSON.
    pub(crate) fn gives_bytes(&mut self, kind: &'static str) {
        self.answers.insert(kind, json!({}));
    }

    fn json_answer(&mut self, schema: Value) {
        self.answers.insert("application/json", schema);
    }

    /// A body of this type.
    pub(crate) fn takes<T: JsonSchema>(&mut self) {
        let schema = self.sent::<T>();
        self.json_body(schema);
    }

    /// A body `{"<name>": ...}`.
    pub(crate) fn takes_inside<T: JsonSchema>(&mut self, name: &str) {
        let schema = self.sent::<T>();
        self.json_body(object(&[(name, schema)]));
    }

    /// An answer `{"<name>": ...}`, with other fields beside it.
    pub(crate) fn gives_inside(&mut self, fields: &[(&str, Value)]) {
        self.json_answer(object(fields));
    }

    /// Another answer that may be given instead of the one that was described.
    pub(crate) fn or(&mut self, other: fn(&mut Self)) {
        let one = self.answers.remove("application/json");
        other(self);
        if let (Some(one), Some(two)) = (one, self.answers.get_mut("application/json")) {
            *two = json!({"anyOf": [one, two.take()]});
        }
    }

    /// An answer of this type.
    pub(crate) fn gives<T: JsonSchema>(&mut self) {
        let schema = self.answered::<T>();
        self.json_answer(schema);
    }
}

/// The schema of a map that has all of these fields.
fn object(fields: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let fields: Map<String, Value> = fields
        .iter()
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({"type": "object", "required": names, "properties": fields})
}

/// A schema without null: what is not in a query is left out.
fn without_null(mut schema: Value) -> Value {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            schema["type"] = kind.clone();
        }
        return schema;
    }
    let choices = schema.get_mut("anyOf").and_then(Value::as_array_mut);
    if let Some(choices) = choices {
        choices.retain(|choice| choice.get("type") != Some(&json!("null")));
        if let [choice] = choices.as_slice() {
            return choice.clone();
        }
    }
    schema
}

/// Part of a request, as a handler takes it.
pub(crate) trait Input {
    /// Says what of the request it reads; nothing, where that concerns nobody outside.
    fn describe(_: &mut Operation<'_>) {}
}

impl Input for State<Shared> {}
impl Input for HeaderMap {}

impl<T: Places> Input for Path<T> {
    fn describe(operation: &mut Operation<'_>) {
        T::describe(operation);
    }
}

/// What a path has in its places.
pub(crate) trait Places {
    fn describe(operation: &mut Operation<'_>);
}

impl Places for i64 {
    fn describe(operation: &mut Operation<'_>) {
        operation.place(&json!({"type": "integer", "format": "int64"}));
    }
}

impl Places for String {
    fn describe(operation: &mut Operation<'_>) {
        operation.place(&json!({"type": "string"}));
    }
}

impl<A: Places, B: Places> Places for (A, B) {
    fn describe(operation: &mut Operation<'_>) {
        A::describe(operation);
        B::describe(operation);
    }
}

/// What a handler gives.
pub(crate) trait Output {
    /// Says what an answer holds.
    fn describe(operation: &mut Operation<'_>);
}

impl<T: JsonSchema> Output for Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.gives::<T>();
    }
}

impl<T: Output> Output for Result<T, ApiError> {
    fn describe(operation: &mut Operation<'_>) {
        T::describe(operation);
        operation.answered::<ErrorAnswer>();
    }
}

/// A handler whose types say what it takes and gives.
pub(crate) trait Described<Arguments> {
    fn describe(operation: &mut Operation<'_>);
}

macro_rules! described {
    ($($argument:ident)*) => {
        impl<F, R, Out, $($argument,)*> Described<($($argument,)*)> for F
        where
            F: Fn($($argument),*) -> R,
            R: Future<Output = Out>,
            Out: Output,
            $($argument: Input,)*
        {
            fn describe(operation: &mut Operation<'_>) {
                $($argument::describe(operation);)*
                Out::describe(operation);
            }
        }
    };
}

described!();
described!(A);
described!(A B);
described!(A B C);
described!(A B C D);
described!(A B C D E);
described!(A B C D E G);
described!(A B C D E G H);
described!(A B C D E G H I);

/// The schema of a text that is one of these words; where `more` may come, as a hint only.
pub(crate) fn one_of(words: &[&str], more: bool) -> Schema {
    let schema = if more {
        json!({"anyOf": [{"type": "string", "enum": words}, {"type": "string"}]})
    } else {
        json!({"type": "string", "enum": words})
    };
    Schema::try_from(schema).unwrap_or_default()
}
