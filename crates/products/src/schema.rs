//! The columns of a frame as its readers see them: text that a worker stored as a dictionary is text, and index
//! columns of pandas have their own name.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions};
use arrow::compute;
use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use arrow::error::ArrowError;
use baton_model::Column;
use serde_json::Value;

/// Field metadata by which a worker says how it stored a column.
const ENCODING: &str = "baton:encoding";
const DICTIONARY: &str = "dictionary";
/// Key of the schema metadata under which pandas describes its columns.
const PANDAS: &str = "pandas";

/// The type and metadata a reader sees.
fn logical_field(field: &FieldRef) -> FieldRef {
    let encoded = field
        .metadata()
        .get(ENCODING)
        .is_some_and(|how| how == DICTIONARY);
    let DataType::Dictionary(_, values) = field.data_type() else {
        return Arc::clone(field);
    };
    if !encoded {
        return Arc::clone(field);
    }
    let mut metadata = field.metadata().clone();
    metadata.remove(ENCODING);
    Arc::new(
        Field::new(field.name(), values.as_ref().clone(), field.is_nullable())
            .with_metadata(metadata),
    )
}

/// The schema a reader sees. Its metadata stay, so that pandas finds its index again.
pub(crate) fn logical(schema: &Schema) -> Schema {
    let fields: Vec<FieldRef> = schema.fields().iter().map(logical_field).collect();
    Schema::new_with_metadata(fields, schema.metadata().clone())
}

/// A batch as a reader sees it. `schema` is the logical one of the whole product.
pub(crate) fn to_logical(
    batch: &RecordBatch,
    schema: &SchemaRef,
) -> Result<RecordBatch, ArrowError> {
    let columns = batch
        .columns()
        .iter()
        .zip(schema.fields())
        .map(|(column, field)| cast(column, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    with_rows(schema, columns, batch.num_rows())
}

/// A batch that has a number of rows even without columns.
pub(crate) fn with_rows(
    schema: &SchemaRef,
    columns: Vec<ArrayRef>,
    rows: usize,
) -> Result<RecordBatch, ArrowError> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options)
}

/// The column in another type; the same column if it has it already.
pub(crate) fn cast(column: &ArrayRef, data_type: &DataType) -> Result<ArrayRef, ArrowError> {
    if column.data_type() == data_type {
        return Ok(Arc::clone(column));
    }
    compute::cast(column, data_type)
}

/// Columns for the manifest.
pub(crate) fn columns(schema: &Schema) -> Vec<Column> {
    let schema = logical(schema);
    shown_names(&schema)
        .into_iter()
        .zip(schema.fields())
        .map(|(name, field)| Column {
            name,
            data_type: field.data_type().to_string(),
            nullable: field.is_nullable(),
        })
        .collect()
}

/// Whether two files can be parts of one frame.
pub(crate) fn same_columns(one: &Schema, other: &Schema) -> bool {
    let (one, other) = (one.fields(), other.fields());
    one.len() == other.len()
        && one.iter().zip(other).all(|(one, other)| {
            one.name() == other.name()
                && logical_field(one)
                    .data_type()
                    .equals_datatype(logical_field(other).data_type())
        })
}

/// Names for people: as in the file, but for index columns of pandas that have a name of their own or none.
pub(crate) fn shown_names(schema: &Schema) -> Vec<String> {
    let own = index_names(schema);
    let taken: HashSet<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    schema
        .fields()
        .iter()
        .map(|field| {
            let name = field.name();
            let shown = own
                .get(name)
                .filter(|shown| !taken.contains(shown.as_str()));
            shown.unwrap_or(name).clone()
        })
        .collect()
}

/// What to call the index columns of pandas, by their name in the file.
fn index_names(schema: &Schema) -> BTreeMap<String, String> {
    let described: Option<Value> = schema
        .metadata()
        .get(PANDAS)
        .and_then(|text| serde_json::from_str(text).ok());
    let described = described
        .as_ref()
        .and_then(|value| value["columns"].as_array());
    let placeholders: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .filter(|name| is_placeholder(name))
        .collect();
    let unnamed = |level: usize| {
        if placeholders.len() == 1 {
            "index".to_owned()
        } else {
            format!("level_{level}")
        }
    };
    placeholders
        .iter()
        .enumerate()
        .map(|(level, placeholder)| {
            let name = described
                .into_iter()
                .flatten()
                .find(|column| column["field_name"].as_str() == Some(placeholder))
                .and_then(|column| column["name"].as_str());
            (
                (*placeholder).to_owned(),
                name.map_or_else(|| unnamed(level), str::to_owned),
            )
        })
        .collect()
}

/// Whether a column has the name that pyarrow gives to an index without one.
fn is_placeholder(name: &str) -> bool {
    name.strip_prefix("__index_level_")
        .and_then(|rest| rest.strip_suffix("__"))
        .is_some_and(|level| !level.is_empty() && level.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The names with a number behind those that appeared before: `a`, `a.1`, `a.2`.
pub(crate) fn unique_names(names: Vec<String>) -> Vec<String> {
    let mut taken: HashSet<String> = names.iter().cloned().collect();
    let mut seen = HashSet::new();
    names
        .into_iter()
        .map(|name| {
            if seen.insert(name.clone()) {
                return name;
            }
            let mut number = 1;
            loop {
                let candidate = format!("{name}.{number}");
                if taken.insert(candidate.clone()) {
                    return candidate;
                }
                number += 1;
            }
        })
        .collect()
}

/// Ids, inside of their file, of the dictionaries of a schema.
pub(crate) fn dictionary_ids(schema: &Schema) -> Vec<i64> {
    schema
        .flattened_fields()
        .into_iter()
        .filter(|field| matches!(field.data_type(), DataType::Dictionary(_, _)))
        .filter_map(|field| {
            #[expect(deprecated, reason = "the id in the file links a column to its values")]
            let id = field.dict_id();
            id
        })
        .collect()
}

/// The type without dictionaries: their values instead.
pub(crate) fn without_dictionaries(data_type: &DataType) -> DataType {
    let inner = |field: &FieldRef| {
        let data_type = without_dictionaries(field.data_type());
        Arc::new(field.as_ref().clone().with_data_type(data_type))
    };
    match data_type {
        DataType::Dictionary(_, values) => without_dictionaries(values),
        DataType::List(field) => DataType::List(inner(field)),
        DataType::LargeList(field) => DataType::LargeList(inner(field)),
        DataType::FixedSizeList(field, width) => DataType::FixedSizeList(inner(field), *width),
        DataType::Map(field, sorted) => DataType::Map(inner(field), *sorted),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn check(names: &[&str], pandas: Option<&str>, expected: &[&str]) {
        let fields: Vec<Field> = names
            .iter()
            .map(|name| Field::new(*name, DataType::Int64, true))
            .collect();
        let metadata = pandas.map(|text| (PANDAS.to_owned(), text.to_owned()));
        let metadata: HashMap<String, String> = metadata.into_iter().collect();
        let schema = Schema::new_with_metadata(fields, metadata);
        assert_eq!(shown_names(&schema), expected, "{names:?}");
    }

    #[test]
    fn index_columns_have_their_own_name() {
        check(&["a", "b"], None, &["a", "b"]);
        check(&["a", "__index_level_0__"], None, &["a", "index"]);
        check(
            &["index", "__index_level_0__"],
            None,
            &["index", "__index_level_0__"],
        );
        check(
            &["a", "__index_level_0__"],
            Some(r#"{"columns":[{"name":"id","field_name":"__index_level_0__"}]}"#),
            &["a", "id"],
        );
        check(
            &["a", "__index_level_0__"],
            Some(r#"{"columns":[{"name":null,"field_name":"__index_level_0__"}]}"#),
            &["a", "index"],
        );
        check(
            &["__index_level_0__", "__index_level_1__"],
            Some("no JSON"),
            &["level_0", "level_1"],
        );
    }

    #[test]
    fn names_become_unique() {
        let names = ["a", "a", "a.1", "a", "b"].map(str::to_owned).to_vec();
        assert_eq!(unique_names(names), ["a", "a.2", "a.1", "a.3", "b"]);
    }
}
