//! Rotation and backfill of tables to which the application still writes.

use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection;
use diesel_envelope::Accept;
use diesel_envelope_tools::{self as ops, Column, RunOptions};

use super::busy_table::{BusyTable, Task};
use super::row_bound::in_row;
use super::{STRICTEST, WORKERS};
use crate::support::*;

const ROWS: i64 = 2_500;
const WRITES: u64 = 3_000;

#[test]
fn a_rotation_loses_no_write_of_others() {
    loses_no_write(Task::Rotate, email());
}

#[test]
fn values_become_bound_to_their_row_and_no_write_of_others_is_lost() {
    loses_no_write(Task::BindToRow, in_row().accept(Accept::BOUND));
}

#[test]
fn a_backfill_loses_no_write_of_others() {
    loses_no_write(Task::Backfill, email().plaintext("plain"));
}

fn loses_no_write(task: Task, column: Column) {
    let documents = reading_and_writing();
    let table = BusyTable::new(task, &documents, ROWS);
    let after = keyring(&documents.1);
    let (began, mut runs) = (Instant::now(), 0);
    let ledgers = table.under_traffic(3, || {
        table.wait_for(20);
        let mut conns = table.database.connections(WORKERS);
        if task != Task::Backfill {
            conns.iter_mut().for_each(|conn| conn.batch_execute(STRICTEST).unwrap());
        }
        let mut run = |settings: RunOptions| {
            let settings =
                settings.batch_size(if WORKERS == 1 { 100 } else { 20 }).max_rows_per_second(2_500);
            let report = match task {
                Task::Rotate | Task::BindToRow => ops::rotate(
                    &mut conns,
                    &after,
                    std::slice::from_ref(&column),
                    &settings,
                    &Events::default(),
                ),
                Task::Backfill => ops::backfill(
                    &mut conns,
                    &after,
                    std::slice::from_ref(&column),
                    &settings,
                    &Events::default(),
                ),
            };
            let report = report.unwrap();
            assert_eq!((report.failed, report.gave_up), (0, false), "{report:?}");
            runs += 1;
            report
        };
        while table.writes.load(Relaxed) < WRITES && !table.is_stopped() {
            run(RunOptions::new().lock_wait(Duration::from_millis(100)));
        }
        table.retire_old();
        let report = run(RunOptions::new());
        assert!(table.is_stopped() || report.is_complete(), "{report:?}");
        let status =
            ops::status(&mut table.database.connect(), &after, std::slice::from_ref(&column))
                .unwrap();
        assert!(table.is_stopped() || status[0].is_fresh(), "{}", status[0]);
    });
    let counts = [&table.writes, &table.before, &table.after].map(|count| count.load(Relaxed));
    println!(
        "{} writes, {} of rows to do, {} of rows done, {runs} runs, {:?}",
        counts[0],
        counts[1],
        counts[2],
        began.elapsed()
    );
    assert!(counts[0] >= WRITES && counts[1] >= 100 && counts[2] >= 100, "{counts:?}");
    table.check_all(ledgers, true);
    assert!(
        ops::verify(&mut table.database.connect(), &after, &[column], &RunOptions::new(), &())
            .unwrap()
            .is_sound()
    );
}
