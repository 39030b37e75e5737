//! The SQL of every step, as readable files: `tools/tests/golden/<database>/<plan>/<step>/`.
//!
//! To rewrite the files, run `BLESS=1 bin/test golden`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use diesel_envelope::Accept;
use diesel_envelope_tools::{
    Column, ColumnPlan, Dialect, Index, Normalizer, Step, Storage, TablePlan, TokenIndex,
    ValueType, generate_migration,
};

/// The folder of the golden files, relative to the package.
const FOLDER: &str = "tests/golden";
const DIALECTS: [Dialect; 3] = [Dialect::PostgreSql, Dialect::MySql, Dialect::Sqlite];

/// The files of one folder by their paths.
type Files = BTreeMap<PathBuf, String>;

/// A table, and the databases and steps whose SQL is checked.
struct Case {
    name: &'static str,
    table: TablePlan,
    dialects: &'static [Dialect],
    steps: &'static [Step],
}

/// Generates every step for a table with plaintext.
fn case(name: &'static str, table: TablePlan) -> Case {
    let [_create, steps @ ..] = &Step::ALL;
    Case { name, table, dialects: &DIALECTS, steps }
}

/// Generates the step for columns that never had a plaintext.
fn created(name: &'static str, table: TablePlan) -> Case {
    case(name, table).steps(&[Step::Create])
}

impl Case {
    fn dialects(self, dialects: &'static [Dialect]) -> Self {
        Self { dialects, ..self }
    }

    fn steps(self, steps: &'static [Step]) -> Self {
        Self { steps, ..self }
    }

    /// Generates the files. A single migration is in the folder of its step, several are in
    /// numbered folders below it.
    fn generate(&self, dialect: Dialect) -> Files {
        let mut files = Files::new();
        for step in self.steps {
            let folder = Path::new(self.name).join(step.name());
            let migrations = match generate_migration(dialect, *step, &self.table) {
                Ok(migrations) => migrations,
                Err(error) => {
                    files.insert(folder.join("error.txt"), format!("{error}\n"));
                    continue;
                }
            };
            for (number, migration) in (1..).zip(&migrations) {
                let folder = match migrations.len() {
                    1 => folder.clone(),
                    _ => folder.join(format!("{number}_{}", migration.name)),
                };
                files.insert(folder.join("up.sql"), migration.up.clone());
                files.insert(folder.join("down.sql"), migration.down.clone());
                if let Some(metadata) = migration.metadata() {
                    files.insert(folder.join("metadata.toml"), metadata.to_owned());
                }
            }
        }
        files
    }
}

fn email() -> Column {
    Column::new("users", "email")
        .plaintext("email_plain")
        .index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless))
}

/// Plans a column as the catalog describes a `varchar(50)`.
fn varchar(column: Column) -> ColumnPlan {
    ColumnPlan::new(column).plaintext_type("varchar(50)").longest(200)
}

fn in_place(table: &str, column: &str) -> ColumnPlan {
    varchar(
        Column::new(table, column)
            .plaintext(column)
            .index(Index::new("note_index", "users.note_index").bits(20)),
    )
    .collation("utf8mb4_general_ci")
}

fn users() -> TablePlan {
    TablePlan::new("users").primary_key(&["id"])
}

/// Plans every kind of column in one table, whose primary key has two columns.
fn several_columns() -> TablePlan {
    let phone = Column::new("users", "phone")
        .plaintext("phone_plain")
        .index(Index::new("phone_index", "users.phone_index"))
        .index(Index::new("phone_last4_index", "users.phone_last4_index").bits(16));
    let age = Column::new("users", "age").value(ValueType::Integer);
    TablePlan::new("users")
        .primary_key(&["tenant", "id"])
        .column(
            varchar(email())
                .not_null()
                .unique("email_index")
                .second_index("email_index", "email_index_b"),
        )
        .column(
            varchar(phone)
                .storage(Storage::Text)
                .unique_at_finish("phone_index")
                .second_index("phone_index", "phone_index_b")
                .second_index("phone_last4_index", "phone_last4_index_b"),
        )
        .column(ColumnPlan::new(age).not_null())
        .column(in_place("users", "note").second_index("note_index", "note_index_b"))
}

/// Plans names that would end a quoted identifier, a literal, a comment or the body of a function
/// if they were not quoted.
fn names_that_need_quoting() -> TablePlan {
    let table = r#"or"der`s'; --"#;
    let index = Index::new(r#"e"mail`s index"#, "orders.email_index");
    let column = |name| Column::new(table, name).label("orders.email");
    let email = column(r#"e"mail`s'"#).plaintext(r#"$diesel_envelope$ pla"in`'"#).index(index);
    let in_place = ColumnPlan::new(column(r#"n"ote`'"#).plaintext(r#"n"ote`'"#))
        .plaintext_type("varchar(9)")
        .collation("C");
    TablePlan::new(table)
        .primary_key(&[r#"i"d`'"#])
        .column(
            varchar(email)
                .not_null()
                .collation(r#"coll"ation`'"#)
                .unique_at_finish(r#"e"mail`s index"#)
                .second_index(r#"e"mail`s index"#, r#"sec"ond`'"#),
        )
        .column(in_place)
}

/// Plans columns whose values are bound to their row: of a key of two columns, in binary and in text,
/// and beside values that are bound to the column only.
fn row_bound() -> TablePlan {
    let email = email().row_key(&["tenant", "id"]);
    let moving = |column: Column| column.row_key(&["id"]).accept(Accept::BOUND);
    let name = moving(Column::new("users", "name").plaintext("name_plain"));
    let iban = Column::new("users", "iban").plaintext("iban_plain").row_key(&["id"]);
    let phone = moving(Column::new("users", "phone").plaintext("phone_plain"));
    users()
        .column(varchar(email).second_index("email_index", "email_index_b"))
        .column(varchar(name))
        .column(varchar(iban).storage(Storage::Text))
        .column(varchar(phone).storage(Storage::Text))
        .column(varchar(Column::new("users", "note").plaintext("note_plain")))
}

fn cases() -> Vec<Case> {
    const ADD_AND_FINISH: &[Step] = &[Step::Add, Step::DropPlaintext];
    const POSTGRESQL: &[Dialect] = &[Dialect::PostgreSql];
    const MYSQL: &[Dialect] = &[Dialect::MySql];
    const SQLITE: &[Dialect] = &[Dialect::Sqlite];
    let rotating = || varchar(email()).second_index("email_index", "email_index_b");
    let kept = |name| ColumnPlan::new(Column::new("users", name).plaintext(name));
    let long = |name, bytes| ColumnPlan::new(Column::new("users", name)).longest(bytes);
    vec![
        case("second_column", users().column(rotating())),
        case(
            "in_place",
            users().column(in_place("users", "note").second_index("note_index", "note_index_b")),
        ),
        case("several_columns", several_columns()),
        case("online", several_columns().online()).dialects(POSTGRESQL),
        case("text_storage", users().column(rotating().storage(Storage::Text))).steps(&[
            Step::Add,
            Step::AllowMissingPlaintext,
            Step::DropPlaintext,
            Step::RequireBound,
        ]),
        case("not_null", users().column(rotating().not_null())).steps(&[
            Step::Add,
            Step::AllowMissingPlaintext,
            Step::DropPlaintext,
            Step::PromoteSecondIndex,
            Step::DropFirstIndex,
        ]),
        case("not_null_in_place", users().column(in_place("users", "note").not_null())).steps(&[
            Step::Widen,
            Step::Add,
            Step::DropPlaintext,
        ]),
        case("unique", users().column(rotating().unique("email_index"))).steps(&[
            Step::Add,
            Step::DropPlaintext,
            Step::PromoteSecondIndex,
            Step::DropFirstIndex,
        ]),
        case("unique_at_finish", users().column(rotating().unique_at_finish("email_index"))).steps(
            &[Step::Add, Step::DropPlaintext, Step::PromoteSecondIndex, Step::DropFirstIndex],
        ),
        case("row_bound", row_bound()),
        case("row_bound_online", row_bound().online()).dialects(POSTGRESQL),
        case(
            "no_index",
            users().column(varchar(Column::new("users", "email").plaintext("email_plain"))),
        ),
        case("no_plaintext", users().column(ColumnPlan::new(Column::new("users", "email")))),
        case("no_label", users().column(varchar(email().unbound())))
            .steps(&[Step::Add, Step::RequireBound]),
        case("no_type", users().column(ColumnPlan::new(email()).not_null()).column(kept("note"))),
        case("no_primary_key", TablePlan::new("users").column(rotating())).dialects(SQLITE),
        case("padded", users().column(varchar(email().pad_to(500))))
            .dialects(MYSQL)
            .steps(ADD_AND_FINISH),
        case(
            "sizes",
            users()
                .column(long("in_row", 700))
                .column(long("in_row_text", 700).storage(Storage::Text))
                .column(long("beside_row", 2_000))
                .column(long("medium", 100_000).storage(Storage::Text))
                .column(long("long", 20_000_000))
                .column(ColumnPlan::new(Column::new("users", "number").value(ValueType::Integer)))
                .column(ColumnPlan::new(Column::new("users", "any")).storage(Storage::Text)),
        )
        .dialects(MYSQL)
        .steps(&[Step::Add]),
        case(
            "types_without_limit",
            users()
                .column(kept("a").plaintext_type("text"))
                .column(kept("b").plaintext_type("citext").collation("C")),
        )
        .dialects(POSTGRESQL)
        .steps(&[Step::Widen, Step::DropPlaintext]),
        case(
            "schema",
            TablePlan::new("app.users").primary_key(&["id"]).column(
                varchar(
                    Column::new("app.users", "email")
                        .plaintext("email_plain")
                        .index(Index::new("email_index", "users.email_index")),
                )
                .second_index("email_index", "email_index_b"),
            ),
        ),
        case("names_that_need_quoting", names_that_need_quoting()),
        case("row_bound_names_that_need_quoting", {
            let table = r#"or"der`s'; --"#;
            let email = Column::new(table, r#"e"mail`s'"#).label("orders.email");
            let email = email.row_key(&[r#"$diesel_envelope$ i"d`'"#]);
            TablePlan::new(table).primary_key(&["id"]).column(varchar(email))
        })
        .steps(&[Step::KeepRowKey, Step::RequireBound]),
        case("search_tokens", search_tokens(Column::new("users", "name").plaintext("name_plain")))
            .steps(&[Step::Add, Step::DropPlaintext]),
        case("long_names", {
            let table = "a_table_whose_name_is_as_long_as_postgresql_lets_a_name_be";
            let column = "a_column_whose_name_is_as_long_too";
            TablePlan::new(table).column(varchar(Column::new(table, column).plaintext("plain")))
        })
        .steps(ADD_AND_FINISH),
    ]
}

/// Plans columns that never had a plaintext, in an existing table.
fn without_plaintext() -> TablePlan {
    let email = Column::new("users", "email")
        .index(Index::new("email_index", "users.email_index").normalize(Normalizer::Caseless));
    let iban = Column::new("users", "iban")
        .pad_to(16)
        .accept(Accept::STRICT)
        .index(Index::new("iban_index", "users.iban_index"))
        .index(Index::new("iban_last4_index", "users.iban_last4_index").bits(16));
    users()
        .column(ColumnPlan::new(email).longest(254).unique("email_index"))
        .column(ColumnPlan::new(iban).longest(34))
}

/// Plans columns whose values are bound to their row from the beginning.
fn created_row_bound() -> TablePlan {
    let column = |name, key: &[&str]| ColumnPlan::new(Column::new("users", name).row_key(key));
    let name = Column::new("users", "name").row_key(&["id"]).accept(Accept::BOUND);
    users()
        .column(column("iban", &["tenant", "id"]).longest(34).not_null())
        .column(column("email", &["id"]).longest(254).storage(Storage::Text))
        .column(ColumnPlan::new(name).longest(60))
}

/// Plans the same names as [`names_that_need_quoting`], for columns without plaintext.
fn new_names_that_need_quoting() -> TablePlan {
    let table = r#"or"der`s'; --"#;
    let index = Index::new(r#"e"mail`s index"#, "orders.email_index");
    let email = Column::new(table, r#"e"mail`s'"#).label("orders.email").index(index);
    TablePlan::new(table)
        .primary_key(&[r#"i"d`'"#])
        .column(ColumnPlan::new(email.accept(Accept::STRICT)).not_null())
}

/// Plans search tokens beside a blind index, under a primary key of two columns.
fn search_tokens(name: Column) -> TablePlan {
    let tokens = TokenIndex::new("users_name_tokens").words().prefixes(3, 8);
    let name = name
        .index(Index::new("name_index", "users.name_index"))
        .index(Index::new("name_tokens", "users.name_tokens").bits(16).tokens(tokens));
    TablePlan::new("users").primary_key(&["tenant", "id"]).column(varchar(name).not_null())
}

fn created_cases() -> Vec<Case> {
    let not_null = |table: TablePlan| table.each_column(|plan, _| plan.not_null());
    let text = |table: TablePlan| table.each_column(|plan, _| plan.storage(Storage::Text));
    let email =
        |table| Column::new(table, "email").index(Index::new("email_index", "users.email_index"));
    vec![
        created("create", without_plaintext()),
        created("create_not_null", not_null(without_plaintext())),
        created("create_text_storage", text(without_plaintext())),
        created(
            "create_unbound",
            users().column(ColumnPlan::new(
                Column::new("users", "email").unbound().accept(Accept::STRICT),
            )),
        ),
        created("create_with_plaintext", users().column(varchar(self::email()))),
        created("create_online", not_null(without_plaintext()).online())
            .dialects(&[Dialect::PostgreSql]),
        created(
            "create_schema",
            TablePlan::new("app.users")
                .column(ColumnPlan::new(email("app.users")).unique_at_finish("email_index")),
        ),
        created("create_names_that_need_quoting", new_names_that_need_quoting()),
        created("create_row_bound", created_row_bound()),
        created("new_table_row_bound", created_row_bound().new_table()),
        created("create_search_tokens", search_tokens(Column::new("users", "name"))),
        created(
            "create_search_tokens_online",
            search_tokens(Column::new("users", "name")).online(),
        )
        .dialects(&[Dialect::PostgreSql]),
        created(
            "new_table_search_tokens",
            search_tokens(Column::new("users", "name")).primary_key(&["id"]).new_table(),
        ),
        created("new_table", without_plaintext().new_table()),
        created("new_table_not_null", not_null(without_plaintext()).new_table()),
        created("new_table_text_storage", text(without_plaintext()).new_table()),
        created(
            "new_table_schema",
            TablePlan::new("app.users")
                .column(ColumnPlan::new(email("app.users")).unique("email_index"))
                .new_table(),
        ),
        created("new_table_names_that_need_quoting", new_names_that_need_quoting().new_table()),
        created("new_table_other_steps", without_plaintext().new_table())
            .steps(&[Step::Add, Step::RequireBound]),
    ]
}

fn folder_of(dialect: Dialect) -> PathBuf {
    let name = match dialect {
        Dialect::PostgreSql => "postgresql",
        Dialect::MySql => "mysql",
        Dialect::Sqlite => "sqlite",
    };
    Path::new(env!("CARGO_MANIFEST_DIR")).join(FOLDER).join(name)
}

/// Reads the files below a folder, by their relative paths.
fn read(folder: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let name = PathBuf::from(path.file_name().unwrap());
        if path.is_dir() {
            files.extend(read(&path).into_iter().map(|(below, text)| (name.join(below), text)));
        } else {
            files.insert(name, fs::read_to_string(&path).unwrap());
        }
    }
    files
}

fn rewrite(folder: &Path, files: &Files) {
    if folder.exists() {
        fs::remove_dir_all(folder).unwrap();
    }
    for (path, text) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn golden_files_are_the_sql_that_is_generated() {
    for dialect in DIALECTS {
        let cases = cases().into_iter().chain(created_cases());
        let cases = cases.filter(|case| case.dialects.contains(&dialect));
        let generated: Files = cases.flat_map(|case| case.generate(dialect)).collect();
        let folder = folder_of(dialect);
        if std::env::var_os("BLESS").is_some_and(|value| value == "1") {
            rewrite(&folder, &generated);
        }
        let golden = read(&folder);
        let help = "help: read the difference, then run `BLESS=1 bin/test golden`";
        let odd = |path: &&PathBuf| generated.contains_key(*path) != golden.contains_key(*path);
        let odd: Vec<_> = generated.keys().chain(golden.keys()).filter(odd).collect();
        assert!(odd.is_empty(), "surplus or missing in {}: {odd:?}\n{help}", folder.display());
        for (path, text) in &generated {
            let path = folder.join(path);
            assert!(
                golden.get(path.strip_prefix(&folder).unwrap()) == Some(text),
                "{} is generated as\n{text}\n{help}",
                path.display()
            );
        }
    }
}
