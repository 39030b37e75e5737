//! A table, its plan, and the folder of its migrations.

use std::fs;
use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_envelope_tools::{Step, TablePlan, generate_migration};
use diesel_migrations::{FileBasedMigrations, MigrationHarness};

use super::database::Database;
use super::{Conn, DIALECT, ENTER_SCHEMA, schema};
use crate::support::{scalar, unique_name};

pub struct MigrationRunner {
    pub conn: Conn,
    pub plan: TablePlan,
    folder: PathBuf,
    count: usize,
    /// Is dropped after the connection.
    _database: Database,
}

impl MigrationRunner {
    pub fn new(plan: TablePlan, table: &str) -> Self {
        let folder = std::env::temp_dir().join(unique_name());
        fs::create_dir_all(&folder).unwrap();
        let database = Database::with("");
        let conn = database.connect();
        let mut runner = Self { conn, plan, folder, count: 0, _database: database };
        ENTER_SCHEMA.into_iter().for_each(|sql| runner.execute(sql));
        runner.execute(table);
        // Creates the table in which Diesel records the migrations that were run.
        runner.migrations().unwrap();
        runner
    }

    fn migrations(&mut self) -> Result<usize, String> {
        let migrations = FileBasedMigrations::from_path(&self.folder).unwrap();
        let run = self.conn.run_pending_migrations(migrations).map(|run| run.len());
        run.map_err(|error| format!("{error:?}"))
    }

    /// Writes the folders of a step, as if it were generated now. Returns the number of folders.
    fn generate(&mut self, step: Step) -> usize {
        let migrations = generate_migration(DIALECT, step, &self.plan).unwrap();
        for migration in &migrations {
            self.count += 1;
            let folder =
                self.folder.join(format!("2026-11-23-{:06}_{}", self.count, migration.name));
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("up.sql"), &migration.up).unwrap();
            fs::write(folder.join("down.sql"), &migration.down).unwrap();
            if let Some(metadata) = migration.metadata() {
                fs::write(folder.join("metadata.toml"), metadata).unwrap();
            }
        }
        migrations.len()
    }

    /// Runs the step up, down, and up again. After `down`, the schema is the same as before.
    pub fn step(&mut self, step: Step) {
        let before = self.schema();
        let count = self.generate(step);
        assert_eq!(self.migrations(), Ok(count), "{step:?}");
        let after = self.schema();
        self.down(count);
        // A dropped column is restored as the last column, empty and nullable.
        if !matches!(step, Step::DropPlaintext | Step::DropFirstIndex) {
            assert_eq!(self.schema(), before, "{step:?}");
        }
        assert_eq!(self.migrations(), Ok(count), "{step:?} again");
        assert_eq!(self.schema(), after, "{step:?}");
    }

    /// Runs the steps that every database has, in their order.
    pub fn all_steps(&mut self) {
        for step in [
            Step::Add,
            Step::DropPlaintext,
            Step::RequireBound,
            Step::AddSecondIndex,
            Step::PromoteSecondIndex,
            Step::DropFirstIndex,
        ] {
            self.step(step);
        }
    }

    pub fn down(&mut self, count: usize) {
        for _ in 0..count {
            let migrations = FileBasedMigrations::from_path(&self.folder).unwrap();
            self.conn.revert_last_migration(migrations).unwrap_or_else(|error| panic!("{error:?}"));
        }
    }

    /// Asserts that the step fails and changes nothing. Returns the error of the database.
    pub fn refused(&mut self, step: Step) -> String {
        let (before, count) = (self.schema(), self.count);
        self.generate(step);
        let error = self.migrations().expect_err("the migration passed");
        assert_eq!(self.schema(), before, "{step:?} changed something");
        for entry in fs::read_dir(&self.folder).unwrap() {
            let path = entry.unwrap().path();
            let number: usize =
                path.file_name().unwrap().to_str().unwrap()[11..17].parse().unwrap();
            if number > count {
                fs::remove_dir_all(path).unwrap();
            }
        }
        self.count = count;
        error
    }

    pub fn schema(&mut self) -> String {
        schema(&mut self.conn).unwrap_or_default()
    }

    pub fn execute(&mut self, sql: &str) {
        self.try_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    pub fn try_execute(&mut self, sql: &str) -> Result<(), String> {
        self.conn.batch_execute(sql).map_err(|error| error.to_string())
    }

    /// Asserts that the database refuses the statement.
    pub fn fails(&mut self, sql: &str) {
        assert!(self.try_execute(sql).is_err(), "{sql} passed");
    }

    /// Returns whether an SQL expression is true for all rows of the FROM clause `rows`, and there
    /// is at least one.
    pub fn holds(&mut self, expression: &str, rows: &str) -> bool {
        let sql = format!(
            "SELECT CASE WHEN count(*) > 0 AND min(CASE WHEN {expression} THEN 1 ELSE 0 END) = 1 THEN 'yes' END FROM {rows}"
        );
        scalar!(&mut self.conn, sql).is_some()
    }
}

impl Drop for MigrationRunner {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}
