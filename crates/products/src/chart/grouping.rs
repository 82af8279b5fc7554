//! Which group each row belongs to.

use std::collections::HashMap;

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};

/// The groups that were met, each by the values of its columns.
pub(super) struct Groups {
    /// None where there is one group of everything.
    converter: Option<RowConverter>,
    numbers: HashMap<Box<[u8]>, u32>,
    keys: Vec<Box<[u8]>>,
    most: usize,
}

impl Groups {
    pub(super) fn new(types: Vec<DataType>, most: usize) -> Result<Self, ArrowError> {
        let converter = match types.as_slice() {
            [] => None,
            _ => Some(RowConverter::new(
                types.into_iter().map(SortField::new).collect(),
            )?),
        };
        Ok(Self {
            converter,
            numbers: HashMap::new(),
            keys: Vec::new(),
            most,
        })
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self.converter {
            Some(_) => self.keys.len(),
            None => 1,
        }
    }

    /// The group of each of these rows, none for a row with a null; nothing at all where there are too many groups.
    pub(super) fn add(
        &mut self,
        columns: &[ArrayRef],
        rows: usize,
    ) -> Result<Option<Vec<Option<u32>>>, ArrowError> {
        let Some(converter) = &mut self.converter else {
            return Ok(Some(vec![Some(0); rows]));
        };
        let nulls: Vec<_> = columns.iter().map(Array::logical_nulls).collect();
        let has_null = |row: usize| nulls.iter().flatten().any(|nulls| nulls.is_null(row));
        let values = converter.convert_columns(columns)?;
        let mut found = Vec::with_capacity(rows);
        for (row, value) in values.iter().enumerate() {
            if has_null(row) {
                found.push(None);
                continue;
            }
            if let Some(number) = self.numbers.get(value.as_ref()) {
                found.push(Some(*number));
                continue;
            }
            if self.keys.len() >= self.most {
                return Ok(None);
            }
            let number = self.keys.len() as u32;
            let key: Box<[u8]> = value.as_ref().into();
            self.keys.push(key.clone());
            self.numbers.insert(key, number);
            found.push(Some(number));
        }
        Ok(Some(found))
    }

    /// The values of the groups, a row for each.
    pub(super) fn columns(&self) -> Result<Vec<ArrayRef>, ArrowError> {
        let Some(converter) = &self.converter else {
            return Ok(Vec::new());
        };
        let parser = converter.parser();
        converter.convert_rows(self.keys.iter().map(|key| parser.parse(key)))
    }
}
