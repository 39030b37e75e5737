//! The files of a step: the comment lines that say when to run it, then the SQL of its template.

use minijinja::{Environment, Error};

use super::context::TableContext;
use super::plan::{ColumnPlan, TablePlan};
use super::template::{environment, lines};
use super::{Migration, Step};
use crate::dialect::Dialect;
use crate::object_name::object_name;

/// The warning about texts that no SQL condition distinguishes from a ciphertext.
const SHAPED: &str = "If a user typed a text in the whole shape of a ciphertext, only verify, which decrypts, finds it. Run verify first.";

/// Returns the migrations of a step.
pub(super) fn migrations(
    dialect: Dialect,
    step: Step,
    table: &TablePlan,
) -> Result<Vec<Migration>, Error> {
    let files = Files { step, table, templates: environment(dialect, &table.name)? };
    let main = files.main()?;
    if !table.online || table.is_new || dialect != Dialect::PostgreSql {
        return Ok(vec![main]);
    }
    let columns = &table.columns;
    Ok(match step {
        Step::Add | Step::Create => {
            let indexes = columns.iter().flat_map(|plan| {
                plan.indexes().map(|index| (index.name.as_str(), plan.begins_unique(step, index)))
            });
            std::iter::once(Ok(main)).chain(files.indexes(indexes)).collect::<Result<_, _>>()?
        }
        Step::PromoteSecondIndex => {
            let indexes = columns.iter().flat_map(|plan| {
                plan.second_indexes().map(|(index, second)| (second, plan.ends_unique(index)))
            });
            files.indexes(indexes).chain([Ok(main)]).collect::<Result<_, _>>()?
        }
        Step::DropPlaintext if columns.iter().any(ColumnPlan::is_in_place) => {
            vec![main, files.validate(|_| "shape", ColumnPlan::is_in_place)?]
        }
        Step::RequireBound => vec![main, files.validate(|plan| plan.binding().kind(), |_| true)?],
        _ => vec![main],
    })
}

/// The generator of the files of a step.
struct Files<'a> {
    step: Step,
    table: &'a TablePlan,
    templates: Environment<'static>,
}

impl Files<'_> {
    /// Renders the migration that has the name of the step.
    fn main(&self) -> Result<Migration, Error> {
        let name = self.step.name();
        let migration = self.render(name, name, &TableContext::new(self.table))?;
        Ok(Migration { up: self.header() + &migration.up, ..migration })
    }

    /// Renders the indexes of an online table, each in a separate migration. PostgreSQL runs
    /// several statements as one transaction, and cannot build an index there while others write.
    fn indexes<'a>(
        &'a self,
        indexes: impl Iterator<Item = (&'a str, bool)> + 'a,
    ) -> impl Iterator<Item = Result<Migration, Error>> + 'a {
        indexes.map(|(index, unique)| {
            let mut context = TableContext::new(self.table);
            (context.index, context.unique) = (Some(index), unique);
            context.index_is_tokens = self
                .table
                .indexes()
                .any(|declared| declared.name == index && declared.tokens.is_some());
            let migration =
                self.render("create_index", &format!("{}_{index}", self.step.name()), &context)?;
            Ok(Migration { run_in_transaction: false, ..migration })
        })
    }

    /// Renders the validation of constraints that the step has added for new values only.
    fn validate(
        &self,
        kind: fn(&ColumnPlan) -> &'static str,
        is_checked: fn(&ColumnPlan) -> bool,
    ) -> Result<Migration, Error> {
        let checked = self.table.columns.iter().filter(|plan| is_checked(plan));
        let mut context = TableContext::new(self.table);
        context.constraints =
            checked.map(|plan| object_name(&self.table.name, plan.name(), kind(plan))).collect();
        self.render("validate", &format!("{}_validate", self.step.name()), &context)
    }

    /// Renders the blocks `up` and `down` of a template.
    fn render(
        &self,
        template: &str,
        name: &str,
        context: &TableContext<'_>,
    ) -> Result<Migration, Error> {
        let template = self.templates.get_template(template)?;
        let mut rendered = template.render_captured_to(context, std::io::sink())?;
        let mut block = |name| rendered.with_state_mut(|state| state.render_block(name));
        let (up, down) = (file(&block("up")?), file(&block("down")?));
        Ok(Migration { name: self.folder(name), up, down, run_in_transaction: true })
    }

    /// Returns a valid name for a folder, whatever the name of the table is.
    fn folder(&self, what: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        format!("{}_{what}", self.table.name.name).chars().map(plain).collect()
    }

    /// Returns the comment lines with the purpose of the step and the time to run it. Names have no
    /// line breaks, so no name can end the comment.
    fn header(&self) -> String {
        let (purpose, instructions) = self.step.purpose(self.table);
        let plans = self.table.columns.iter();
        let changed = plans.filter(|plan| self.step != Step::KeepRowKey || plan.is_row_bound());
        let columns: Vec<_> = changed.map(ColumnPlan::name).collect();
        let (step, table, columns) = (self.step.name(), &self.table.name, columns.join(", "));
        let mut header = format!("-- {step}: {table} ({columns}): {purpose}.\n");
        for sentence in instructions {
            header += &format!("-- {sentence}\n");
        }
        if self.step == Step::DropPlaintext
            && self.table.columns.iter().any(ColumnPlan::is_in_place)
        {
            header += &format!("-- {SHAPED}\n");
        }
        header
    }
}

/// Returns the content of a file. Databases refuse a file without a statement.
fn file(block: &str) -> String {
    let mut file: String = lines(block).map(|line| format!("{line}\n")).collect();
    if lines(block).all(|line| line.starts_with("--")) {
        file += "SELECT 1;\n";
    }
    file
}
