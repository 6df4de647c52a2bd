//! Tables for people: columns side by side, numbers to the right, aligned whatever script a name is in.

use comfy_table::CellAlignment;
use comfy_table::presets::NOTHING;

/// The alignment of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

/// A table, built row by row.
pub(crate) struct Table {
    table: comfy_table::Table,
    rows: usize,
}

impl Table {
    /// A table with these columns.
    pub(crate) fn new<T: Into<String>>(columns: impl IntoIterator<Item = (T, Side)>) -> Self {
        let (names, sides): (Vec<String>, Vec<Side>) =
            columns.into_iter().map(|(name, side)| (name.into(), side)).unzip();
        let mut table = comfy_table::Table::new();
        table.load_style(NOTHING).set_header(names);
        for (column, side) in table.column_iter_mut().zip(sides) {
            column.set_padding((0, 2));
            column.set_cell_alignment(match side {
                Side::Left => CellAlignment::Left,
                Side::Right => CellAlignment::Right,
            });
        }
        Self { table, rows: 0 }
    }

    /// Adds a row; it has a cell for each column.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        self.table.add_row(cells);
        self.rows += 1;
    }

    /// How many rows there are.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// The text, a line for each row, without blanks at the ends of lines.
    pub(crate) fn text(&self) -> String {
        let mut text: String = String::new();
        for line in self.table.lines() {
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
