//! Values of the tables, and what they must be.

use std::time::Duration;

use bytes::Bytes;
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::verdict::damaged;
use crate::fault::Fault;
use crate::frame::{Head, Stored};

/// The columns that [`head`] reads, in its order.
macro_rules! head_columns {
    () => {
        "n, epoch, first_event, last_event, hash"
    };
}
pub(super) use head_columns;

/// As the tables store it. What is beyond their range is beyond all that is there.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn value<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Fault> {
    row.try_get(column).map_err(|error| damaged(&format!("column {column}: {error}")))
}

pub(super) fn number(row: &Row, column: usize) -> Result<u64, Fault> {
    let number: i64 = value(row, column)?;
    u64::try_from(number).map_err(|_| damaged(&format!("{number} in column {column}")))
}

pub(super) fn array<const N: usize>(row: &Row, column: usize) -> Result<[u8; N], Fault> {
    let bytes: &[u8] = value(row, column)?;
    bytes.try_into().map_err(|_| damaged(&format!("{} bytes in column {column}, not {N}", bytes.len())))
}

/// Seconds, as the engine computes them.
pub(super) fn duration(row: &Row, column: usize) -> Result<Duration, Fault> {
    let seconds: f64 = value(row, column)?;
    Ok(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default())
}

pub(super) fn head(row: &Row) -> Result<Head, Fault> {
    Ok(Head {
        n: number(row, 0)?,
        epoch: number(row, 1)?,
        first_event: number(row, 2)?,
        last_event: number(row, 3)?,
        hash: array(row, 4)?,
    })
}

/// The same with its bytes behind.
pub(super) fn stored(row: &Row) -> Result<Stored, Fault> {
    let bytes: &[u8] = value(row, 5)?;
    Ok(Stored { head: head(row)?, bytes: Bytes::copy_from_slice(bytes) })
}
