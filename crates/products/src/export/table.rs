//! Tables and texts for a terminal. What a product holds never reaches the terminal as a control sequence.

use std::io::Write;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use super::{Export, Sink, WriteError};
use crate::frame::Frame;
use crate::schema;

/// Wider cells are cut.
const CELL_WIDTH: usize = 40;
const GAP: &str = "  ";
const NULL: &str = "null";

const BOLD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const RESET: &str = "\x1b[0m";

/// A column that is laid out.
struct Column {
    name: String,
    kind: String,
    right: bool,
    width: usize,
    cells: Vec<Cell>,
}

struct Cell {
    text: String,
    null: bool,
}

/// Rows of a frame as a table that ends with what is not shown.
pub(super) fn frame(frame: &Frame, export: &Export, out: &mut Sink<'_>) -> Result<(), WriteError> {
    let limit = export.limit.unwrap_or(Export::TABLE_ROWS);
    let mut columns: Vec<Column> = schema::shown_names(frame.schema())
        .into_iter()
        .zip(frame.schema().fields())
        .map(|(name, field)| Column::new(&name, field.data_type()))
        .collect();
    let mut shown = 0;
    for batch in frame.scan(export.offset, Some(limit)) {
        let batch = batch?;
        shown += batch.num_rows() as u64;
        add(&mut columns, &batch)?;
    }
    let fitting = fitting(&columns, export.width);
    let (visible, hidden) = columns.split_at(fitting);
    write_rows(visible, shown as usize, export.color, out)?;
    let more = frame
        .rows()
        .saturating_sub(export.offset)
        .saturating_sub(shown);
    let dim = |text: String| styled(&text, DIM, export.color);
    if columns.is_empty() {
        writeln!(
            out,
            "{}",
            dim(format!("{} without columns", counted(frame.rows(), "row")))
        )?;
    } else if more > 0 {
        let (more, all) = (counted(more, "more row"), grouped(frame.rows()));
        writeln!(out, "{}", dim(format!("… {more}, {all} in all")))?;
    } else if shown == 0 {
        writeln!(out, "{}", dim("no rows".to_owned()))?;
    }
    if !hidden.is_empty() {
        let names: Vec<&str> = hidden.iter().map(|column| column.name.as_str()).collect();
        let more = counted(hidden.len() as u64, "more column");
        let text = format!("… {more}: {}", names.join(", "));
        writeln!(
            out,
            "{}",
            dim(cut(&text, export.width.unwrap_or(usize::MAX)))
        )?;
    }
    Ok(())
}

/// Lines of a text, ending with the number of those that are not shown.
pub(super) fn lines(text: &str, export: &Export, out: &mut Sink<'_>) -> Result<(), WriteError> {
    let skip = usize::try_from(export.offset).unwrap_or(usize::MAX);
    let take = export.limit.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    });
    let mut lines = text.lines().skip(skip);
    for line in lines.by_ref().take(take) {
        writeln!(out, "{}", visible(line, true))?;
    }
    let more = lines.count() as u64;
    if more > 0 {
        let text = format!("… {}", counted(more, "more line"));
        writeln!(out, "{}", styled(&text, DIM, export.color))?;
    }
    Ok(())
}

/// A number with its digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of things.
fn counted(number: u64, thing: &str) -> String {
    format!(
        "{} {thing}{}",
        grouped(number),
        if number == 1 { "" } else { "s" }
    )
}

impl Column {
    fn new(name: &str, data_type: &DataType) -> Self {
        let name = cut(&visible(name, false), CELL_WIDTH);
        let kind = cut(&short_type(data_type), CELL_WIDTH);
        Self {
            width: name.width().max(kind.width()),
            name,
            kind,
            right: data_type.is_numeric(),
            cells: Vec::new(),
        }
    }
}

fn add(columns: &mut [Column], batch: &RecordBatch) -> Result<(), ArrowError> {
    let options = FormatOptions::default();
    for (column, array) in columns.iter_mut().zip(batch.columns()) {
        let formatter = ArrayFormatter::try_new(array, &options)?;
        let nulls = array.logical_nulls();
        for row in 0..array.len() {
            let null = nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            let text = if null {
                NULL.to_owned()
            } else {
                cut(
                    &visible(&formatter.value(row).to_string(), false),
                    CELL_WIDTH,
                )
            };
            column.width = column.width.max(text.width());
            column.cells.push(Cell { text, null });
        }
    }
    Ok(())
}

/// How many columns fit beside each other; at least one.
fn fitting(columns: &[Column], width: Option<usize>) -> usize {
    let mut used = 0;
    let fits = |column: &&Column| {
        used += column.width + if used == 0 { 0 } else { GAP.len() };
        width.is_none_or(|width| used <= width)
    };
    columns
        .iter()
        .take_while(fits)
        .count()
        .max(columns.len().min(1))
}

fn write_rows(
    columns: &[Column],
    rows: usize,
    color: bool,
    out: &mut Sink<'_>,
) -> Result<(), WriteError> {
    if columns.is_empty() {
        return Ok(());
    }
    let mut line = |part: &dyn Fn(&Column) -> (String, &'static str)| -> Result<(), WriteError> {
        let mut text = String::new();
        for (index, column) in columns.iter().enumerate() {
            let (cell, style) = part(column);
            let padding = " ".repeat(column.width.saturating_sub(cell.width()));
            let last = index + 1 == columns.len();
            let cell = styled(&cell, style, color);
            let gap = if index == 0 { "" } else { GAP };
            // Blanks at the end of a line are of no use.
            let (before, after) = match (column.right, last) {
                (true, _) => (padding.as_str(), ""),
                (false, true) => ("", ""),
                (false, false) => ("", padding.as_str()),
            };
            text.extend([gap, before, cell.as_str(), after]);
        }
        Ok(writeln!(out, "{text}")?)
    };
    line(&|column| (column.name.clone(), BOLD))?;
    line(&|column| (column.kind.clone(), DIM))?;
    line(&|column| ("─".repeat(column.width), DIM))?;
    for row in 0..rows {
        line(&|column| match column.cells.get(row) {
            Some(cell) => (cell.text.clone(), if cell.null { DIM } else { "" }),
            None => (String::new(), ""),
        })?;
    }
    Ok(())
}

fn styled(text: &str, style: &str, color: bool) -> String {
    if color && !style.is_empty() {
        format!("{style}{text}{RESET}")
    } else {
        text.to_owned()
    }
}

/// The text with control characters written as escapes; tabs stay where they do no harm.
fn visible(text: &str, keep_tabs: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !(keep_tabs && character == '\t') {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// The text cut to a number of terminal columns.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for character in text.chars() {
        used += character.width().unwrap_or(0);
        if used > width {
            break;
        }
        out.push(character);
    }
    out.push('…');
    out
}

/// The type in a word or two.
fn short_type(data_type: &DataType) -> String {
    let unit = |unit: &TimeUnit| unit.to_string();
    match data_type {
        DataType::Boolean => "bool".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "text".to_owned(),
        DataType::Binary
        | DataType::LargeBinary
        | DataType::BinaryView
        | DataType::FixedSizeBinary(_) => "binary".to_owned(),
        DataType::Date32 | DataType::Date64 => "date".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "time".to_owned(),
        DataType::Timestamp(of, None) => format!("timestamp[{}]", unit(of)),
        DataType::Timestamp(of, Some(zone)) => format!("timestamp[{}, {zone}]", unit(of)),
        DataType::Duration(of) => format!("duration[{}]", unit(of)),
        DataType::Decimal32(precision, scale)
        | DataType::Decimal64(precision, scale)
        | DataType::Decimal128(precision, scale)
        | DataType::Decimal256(precision, scale) => format!("decimal({precision},{scale})"),
        DataType::Dictionary(_, _) => "category".to_owned(),
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::ListView(item)
        | DataType::LargeListView(item)
        | DataType::FixedSizeList(item, _) => format!("list[{}]", short_type(item.data_type())),
        DataType::Struct(_) => "struct".to_owned(),
        DataType::Map(_, _) => "map".to_owned(),
        other => other.to_string().to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_digits() {
        for (number, expected) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), expected);
        }
    }

    #[test]
    fn cuts_by_terminal_columns() {
        for (text, width, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("日本語", 6, "日本語"),
            ("日本語", 5, "日本…"),
            ("日本語", 4, "日…"),
        ] {
            assert_eq!(cut(text, width), expected);
        }
    }

    #[test]
    fn control_characters_are_shown() {
        assert_eq!(visible("a\nb\x1b[2J\t", false), "a\\nb\\u{1b}[2J\\t");
        assert_eq!(visible("a\tb\r", true), "a\tb\\r");
    }
}
