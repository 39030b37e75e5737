//! Cases that work on every backend.
#![expect(clippy::type_complexity, reason = "the tests load tuples of columns")]

use diesel::prelude::*;
use diesel::result::DatabaseErrorKind;
use diesel::result::Error as DieselError;
use diesel::sql_types::{Binary, Nullable, Text};
use diesel_envelope::sql_types::Ciphertext;
use diesel_envelope::{
    AsText, BlindIndex, BlindIndexDsl, BlindIndexWithDsl, EncryptDsl, Encrypted, Error, Keyring,
    TryMaybeEncrypted, Unbound, ValueFormat, looks_encrypted,
};

use super::{Conn, Db, MIGRATIONS, connect, dump};
use crate::support::database::*;
use crate::support::models::*;

fn on_database(test: impl FnOnce(&mut Conn)) {
    with_database(connect, dump, test);
}

fn find(conn: &mut Conn, email: &str) -> QueryResult<User> {
    users::table.filter(users::email_index.matches(email)).select(User::as_select()).first(conn)
}

fn names(conn: &mut Conn) -> Vec<String> {
    let names: Vec<Encrypted<String, users::name>> =
        users::table.order(users::id).select(users::name).load(conn).unwrap();
    names.into_iter().map(Encrypted::into_inner).collect()
}

fn raw(conn: &mut Conn, query: &str) -> Vec<u8> {
    diesel::sql_query(query).get_result::<Raw>(conn).unwrap().raw.unwrap()
}

#[test]
fn a_row_goes_in_encrypted_and_comes_out_in_plain() {
    on_database(|conn| {
        diesel::insert_into(users::table)
            .values(&new_user("Bobby", Some("123")))
            .execute(conn)
            .unwrap();
        let bobby = find(conn, "bobby@EXAMPLE.org").unwrap();
        assert_eq!((&**bobby.name, &**bobby.email), ("Bobby Tables", "Bobby@Example.org"));
        assert_eq!(bobby.phone.unwrap().into_inner(), "+49 30 555 123");
        assert_eq!(find(conn, "bobby@example.com").unwrap_err(), DieselError::NotFound);

        let name = raw(conn, "SELECT name AS raw FROM users");
        assert_eq!((name.len(), name[0], name[1]), (34 + "Bobby Tables".len(), 0xA1, 1));
        let phone = raw(conn, "SELECT phone AS raw FROM users");
        assert_eq!((phone.len(), phone[1]), (34 + 16, 3), "padded to 16 bytes");
    });
}

#[test]
fn inserts_take_one_many_owned_borrowed_and_single_columns() {
    on_database(|conn| {
        let insert = diesel::insert_into(users::table);
        insert.values(new_user("a", None)).execute(conn).unwrap();
        insert.values(&new_user("b", Some("1"))).execute(conn).unwrap();
        insert.values(&vec![new_user("c", Some("1")), new_user("d", None)]).execute(conn).unwrap();
        insert.values(vec![new_user("e", None), new_user("f", Some("1"))]).execute(conn).unwrap();
        let NewUser { name, email, .. } = new_user("g", None);
        insert.values(NewUserRef { name: &name, email: &email }).execute(conn).unwrap();
        let NewUser { name, email, .. } = new_user("h", None);
        insert.values(&NewUserRef { name: &name, email: &email }).execute(conn).unwrap();
        let email = new_user("i", None).email;
        insert.values((users::name.encrypt("i Tables".to_owned()), &email)).execute(conn).unwrap();
        insert
            .values((users::name.encrypt("j Tables".to_owned()), new_user("j", None).email))
            .execute(conn)
            .unwrap();
        let expected: Vec<_> = "abcdefghij".chars().map(|c| format!("{c} Tables")).collect();
        assert_eq!(names(conn), expected);
    });
}

#[test]
fn a_changeset_a_patch_and_a_single_column_update_the_row() {
    on_database(|conn| {
        diesel::insert_into(users::table)
            .values(vec![new_user("a", Some("1")), new_user("z", None)])
            .execute(conn)
            .unwrap();
        let user = find(conn, "a@example.org").unwrap();
        let row = || users::table.find(user.id);

        diesel::update(&user).set(&new_user("b", Some("2"))).execute(conn).unwrap();
        assert!(find(conn, "a@example.org").is_err(), "the index moved with the value");
        assert_eq!(*find(conn, "b@example.org").unwrap().name, "b Tables");

        let patch = UserPatch { email: Some("c@Example.org".into()), ..UserPatch::default() };
        diesel::update(row()).set(patch).execute(conn).unwrap();
        let user = find(conn, "c@example.org").unwrap();
        assert_eq!(
            (&**user.name, user.phone.is_some()),
            ("b Tables", true),
            "None leaves a column alone"
        );

        diesel::update(row())
            .set(&UserPatch { phone: Some(None), ..UserPatch::default() })
            .execute(conn)
            .unwrap();
        assert!(find(conn, "c@example.org").unwrap().phone.is_none(), "Some(None) makes it NULL");

        diesel::update(row())
            .set(users::name.encrypt("d Tables".to_owned()))
            .execute(conn)
            .unwrap();
        diesel::update(row())
            .set(users::phone.encrypt("+49 30 555 9".to_owned()))
            .execute(conn)
            .unwrap();
        let user = find(conn, "c@example.org").unwrap();
        assert_eq!((&**user.name, &***user.phone.as_ref().unwrap()), ("d Tables", "+49 30 555 9"));

        diesel::update(users::table.filter(users::email_index.matches("c@example.org")))
            .set((
                &new_user("e", None).email,
                users::phone.eq(None::<Encrypted<String, users::phone>>),
            ))
            .execute(conn)
            .unwrap();
        assert!(find(conn, "e@example.org").unwrap().phone.is_none());
        assert_eq!(names(conn), ["d Tables", "z Tables"], "the other row stayed as it was");
    });
}

#[test]
fn a_searchable_field_may_be_null_and_has_two_indexes() {
    on_database(|conn| {
        let contact = |id, phone: Option<&str>| Contact {
            id,
            email: format!("c{id}@Example.org").into(),
            phone: phone.into(),
        };
        diesel::insert_into(contacts::table)
            .values(&contact(1, Some("+49 30 555 1")))
            .execute(conn)
            .unwrap();
        diesel::insert_into(contacts::table)
            .values(vec![contact(2, None), contact(3, Some("004930555"))])
            .execute(conn)
            .unwrap();

        let by_phone = |conn: &mut Conn, phone: &str| -> Vec<i64> {
            contacts::table
                .filter(contacts::phone_index.matches(phone))
                .select(contacts::id)
                .load(conn)
                .unwrap()
        };
        assert_eq!((by_phone(conn, "49 30 5551"), by_phone(conn, "")), (vec![1], vec![]));
        let ids: Vec<i64> = contacts::table
            .filter(contacts::domain_index.matches("anybody@EXAMPLE.ORG"))
            .order(contacts::id)
            .select(contacts::id)
            .load(conn)
            .unwrap();
        assert_eq!(ids, [1, 2, 3]);
        assert_eq!(
            raw(conn, "SELECT domain_index AS raw FROM contacts").len(),
            3,
            "20 bits are 3 bytes"
        );

        let nulls = |conn: &mut Conn| -> Vec<(bool, bool)> {
            let columns = (contacts::phone.is_null(), contacts::phone_index.is_null());
            contacts::table.order(contacts::id).select(columns).load(conn).unwrap()
        };
        assert_eq!(nulls(conn), [(false, false), (true, true), (false, false)], "NULL together");

        let set = |phone| ContactPatch { phone, ..ContactPatch::default() };
        diesel::update(contacts::table.find(1))
            .set(set(Some(None::<String>.into())))
            .execute(conn)
            .unwrap();
        diesel::update(contacts::table.find(2))
            .set(&set(Some(Some("+49 30 555 2").into())))
            .execute(conn)
            .unwrap();
        diesel::update(contacts::table.find(3))
            .set(ContactPatch { email: Some("x@Example.org".into()), phone: None })
            .execute(conn)
            .unwrap();
        assert_eq!(nulls(conn), [(true, true), (false, false), (false, false)]);
        assert_eq!(by_phone(conn, "49305552"), [2]);

        let loaded: Vec<Contact> =
            contacts::table.order(contacts::id).select(Contact::as_select()).load(conn).unwrap();
        let phones: Vec<_> = loaded
            .iter()
            .map(|contact| contact.phone.as_ref().map(|phone| phone.as_str()))
            .collect();
        assert_eq!(phones, [None, Some("+49 30 555 2"), Some("004930555")]);
        assert_eq!(*loaded[2].email, "x@Example.org");
    });
}

#[test]
fn columns_that_were_there_before_take_the_plain_form() {
    on_database(|conn| {
        let profile = Profile {
            id: 1,
            secret: "hunter2".into(),
            secret_index: Some(BlindIndex::of("hunter2")),
            note: Encrypted::new(-1_234_567),
            tag: Some("Tables".into()),
        };
        diesel::insert_into(profiles::table).values(&profile).execute(conn).unwrap();
        diesel::insert_into(profiles::table)
            .values(Profile {
                id: 2,
                secret: "".into(),
                secret_index: None,
                tag: None,
                ..profile.clone()
            })
            .execute(conn)
            .unwrap();

        let found: Profile = profiles::table
            .filter(profiles::secret_index.matches_as::<SecretIndex>("hunter2"))
            .select(Profile::as_select())
            .first(conn)
            .unwrap();
        assert_eq!(
            (&**found.secret, *found.note, found.secret_index),
            ("hunter2", -1_234_567, profile.secret_index)
        );
        let tag = found.tag.unwrap();
        assert_eq!((tag.as_str(), tag.was_plaintext()), ("Tables", false));

        let wide: WideProfile =
            profiles::table.find(1).select(WideProfile::as_select()).first(conn).unwrap();
        assert_eq!(*wide.note, -1_234_567_i64, "an i32 is read as an i64");
        assert!(matches!(wide.tag.unwrap().into_inner(), Err(Error::InvalidPlaintext { .. })));

        let note =
            String::from_utf8(raw(conn, "SELECT note AS raw FROM profiles WHERE id = 1")).unwrap();
        assert!(note.starts_with("de1.oQ"), "{note}");
        assert_eq!(
            Keyring::installed().unwrap().decrypt_text::<i32, Unbound>(&note),
            Ok(-1_234_567)
        );
    });
}

#[test]
fn a_schema_of_another_crate_is_served_by_marker_types() {
    on_database(|conn| {
        let row = |secret: &str| MarkedProfile { id: 1, secret: secret.into(), note: true.into() };
        diesel::insert_into(profiles::table).values(&row("hunter2")).execute(conn).unwrap();
        diesel::update(profiles::table.find(1)).set(row("hunter2!")).execute(conn).unwrap();
        let find = |conn: &mut Conn, secret: &str| -> QueryResult<MarkedProfile> {
            let found =
                profiles::table.filter(profiles::secret_index.matches_as::<SecretIndex>(secret));
            found.select(MarkedProfile::as_select()).first(conn)
        };
        assert!(find(conn, "hunter2").is_err());
        let either = profiles::secret_index.matches_any_as::<SecretIndex>(["hunter2", "hunter2!"]);
        assert_eq!(profiles::table.filter(either).count().get_result::<i64>(conn).unwrap(), 1);
        let found = find(conn, "hunter2!").unwrap();
        assert_eq!((found.id, &**found.secret, *found.note), (1, "hunter2!", true));
    });
}

#[test]
fn a_column_on_its_way_reads_plaintext_and_writes_ciphertext() {
    on_database(|conn| {
        let keyring = Keyring::installed().unwrap();
        let sealed = keyring.encrypt_text::<i32, Unbound>(&1).unwrap();
        let insert = "INSERT INTO profiles (id, secret, note, tag) VALUES";
        let secret = keyring.encrypt::<String, Unbound>(&String::new()).unwrap();
        let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        let literal = if cfg!(feature = "postgres") && std::any::type_name::<Conn>().contains("Pg")
        {
            format!("'\\x{hex}'")
        } else {
            format!("x'{hex}'")
        };
        let broken = format!("de1.oQ{}", "A".repeat(60));
        let typed = [
            "old text",
            &broken,
            "gAAAAA",
            "gAAAAAlice",
            "de1.",
            "de1.hello",
            &format!("{broken}B"),
        ];
        for (id, tag) in (1..).zip(typed) {
            execute(conn, &[&format!("{insert} ({id}, {literal}, '{sealed}', '{tag}')")]);
        }

        let old: Profile =
            profiles::table.find(1).select(Profile::as_select()).first(conn).unwrap();
        let tag = old.tag.clone().unwrap();
        assert_eq!((tag.as_str(), tag.was_plaintext()), ("old text", true));
        diesel::update(profiles::table.find(1)).set(&old).execute(conn).unwrap();
        assert!(raw(conn, "SELECT tag AS raw FROM profiles WHERE id = 1").starts_with(b"de1.oQ"));
        let new: Profile =
            profiles::table.find(1).select(Profile::as_select()).first(conn).unwrap();
        let tag = new.tag.unwrap();
        assert_eq!((tag.as_str(), tag.was_plaintext()), ("old text", false));

        let error = profiles::table.find(2).select(Profile::as_select()).first(conn).unwrap_err();
        let unknown = Error::UnknownKey { key_id: "00000000".parse().unwrap() };
        assert_eq!(
            Error::find_in(&error),
            Some(&unknown),
            "what looks like ciphertext opens or is an error"
        );
        // The error belongs to its own row alone.
        let page: Vec<Option<TryMaybeEncrypted<String>>> =
            profiles::table.order(profiles::id).select(profiles::tag).load(conn).unwrap();
        for (tag, typed) in page.into_iter().zip(typed).skip(1) {
            let tag = tag.unwrap();
            let shaped = typed == broken;
            assert_eq!((tag.was_plaintext(), looks_encrypted(typed)), (!shaped, shaped), "{typed}");
            let words = format!("{tag:?}");
            assert!(!words.contains(typed) && words.starts_with("TryMaybeEncrypted("), "{words}");
            assert_eq!(
                tag.into_inner(),
                if shaped { Err(unknown.clone()) } else { Ok(typed.to_owned()) }
            );
        }
        execute(conn, &["DELETE FROM profiles WHERE id = 2"]);
        let page: Vec<Profile> =
            profiles::table.order(profiles::id).select(Profile::as_select()).load(conn).unwrap();
        assert!(page.iter().skip(1).all(|profile| profile.tag.as_ref().unwrap().was_plaintext()));
    });
}

#[test]
fn joins_options_and_single_columns_load() {
    on_database(|conn| {
        diesel::insert_into(users::table)
            .values(vec![new_user("a", Some("1")), new_user("b", None)])
            .execute(conn)
            .unwrap();
        let user = find(conn, "a@example.org").unwrap();
        diesel::insert_into(posts::table)
            .values(vec![
                (posts::id.eq(1), posts::user_id.eq(user.id)),
                (posts::id.eq(2), posts::user_id.eq(999)),
            ])
            .execute(conn)
            .unwrap();

        let joined: Vec<(Post, User)> = posts::table
            .inner_join(users::table)
            .filter(users::email_index.matches("A@example.org").and(posts::id.eq(1)))
            .select((Post::as_select(), User::as_select()))
            .load(conn)
            .unwrap();
        assert_eq!((joined.len(), &**joined[0].1.name), (1, "a Tables"));

        let left: Vec<(Post, Option<User>)> = posts::table
            .left_join(users::table)
            .order(posts::id)
            .select((Post::as_select(), Option::<User>::as_select()))
            .load(conn)
            .unwrap();
        assert_eq!(left.iter().map(|(_, user)| user.is_some()).collect::<Vec<_>>(), [true, false]);
        let on: Vec<i64> =
            posts::table
                .inner_join(users::table.on(
                    users::id.eq(posts::user_id).and(users::email_index.matches("a@example.org")),
                ))
                .select(posts::id)
                .load(conn)
                .unwrap();
        assert_eq!(on, [1]);
        assert_eq!(Post::belonging_to(&user).select(posts::id).load::<i64>(conn).unwrap(), [1]);

        let columns = users::table.order(users::id).select((users::name, users::phone));
        let some: Vec<(Encrypted<String, users::name>, Option<Encrypted<String, users::phone>>)> =
            columns.load(conn).unwrap();
        assert_eq!((&**some[0].0, some[1].1.is_none()), ("a Tables", true));

        let by_name: Vec<UserByName> =
            diesel::sql_query("SELECT * FROM users ORDER BY id").load(conn).unwrap();
        assert_eq!(
            (&**by_name[0].name, &**by_name[0].email, by_name[1].phone.is_none()),
            ("a Tables", "a@Example.org", true)
        );
        assert_eq!((by_name[0].id, by_name[0].phone.is_some()), (user.id, true));
    });
}

#[test]
fn matches_stands_wherever_a_condition_stands() {
    on_database(|conn| {
        let insert = |conn: &mut Conn, name| {
            diesel::insert_into(users::table).values(new_user(name, None)).execute(conn).unwrap()
        };
        for name in ["a", "b", "c"] {
            insert(conn, name);
        }
        let count = |conn: &mut Conn, query: users::BoxedQuery<'_, Db>| {
            query.count().get_result::<i64>(conn).unwrap()
        };
        let all = || users::table.into_boxed::<Db>();

        let owned = String::from("A@EXAMPLE.ORG");
        assert_eq!(count(conn, all().filter(users::email_index.matches(&owned))), 1);
        assert_eq!(
            count(
                conn,
                all().filter(users::email_index.matches_any([
                    "a@example.org",
                    "B@example.org",
                    "nobody"
                ]))
            ),
            2
        );
        assert_eq!(
            count(conn, all().filter(users::email_index.matches_any(&vec![owned.clone()]))),
            1
        );
        assert_eq!(
            count(conn, all().filter(users::email_index.matches_any(Vec::<&str>::new()))),
            0
        );
        assert_eq!(
            count(
                conn,
                all().filter(diesel::dsl::not(users::email_index.matches("a@example.org")))
            ),
            2
        );
        let many: Vec<String> =
            (0..20).map(|i| format!("{i}@example.org")).chain([owned]).collect();
        assert_eq!(
            count(conn, all().filter(users::email_index.matches_any(&many))),
            1,
            "more digests than are cached"
        );
        let either = users::email_index
            .matches("a@example.org")
            .or(users::email_index.matches("c@example.org"));
        assert_eq!(count(conn, all().filter(either).or_filter(users::id.lt(0))), 2);

        let exists = diesel::select(diesel::dsl::exists(
            users::table.filter(users::email_index.matches("b@example.org")),
        ));
        assert!(exists.get_result::<bool>(conn).unwrap());
        let (first, second) = diesel::alias!(users as first, users as second);
        let pairs: Vec<(i64, i64)> = first
            .inner_join(second.on(second.field(users::email_index).matches("b@example.org")))
            .filter(first.field(users::email_index).matches("a@example.org"))
            .select((first.field(users::id), second.field(users::id)))
            .load(conn)
            .unwrap();
        assert_eq!(pairs.len(), 1);
        assert!(pairs[0].0 < pairs[0].1);

        diesel::delete(users::table.filter(users::email_index.matches("a@example.org")))
            .execute(conn)
            .unwrap();
        assert_eq!(names(conn), ["b Tables", "c Tables"]);
    });
}

#[test]
fn a_unique_index_refuses_a_second_row_in_another_letter_case() {
    on_database(|conn| {
        diesel::insert_into(users::table).values(new_user("a", None)).execute(conn).unwrap();
        let error = diesel::insert_into(users::table)
            .values(new_user("A", None))
            .execute(conn)
            .unwrap_err();
        assert!(
            matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)),
            "{error}"
        );
    });
}

#[test]
fn the_database_itself_refuses_a_plaintext() {
    on_database(|conn| {
        diesel::insert_into(users::table).values(new_user("a", None)).execute(conn).unwrap();
        let token = "g".repeat(99);
        for plaintext in
            ["Bobby Tables, who is longer than any header", "", "Bobby", "gAAAAAB", &token]
        {
            for column in ["name", "email", "phone"] {
                let update = format!("UPDATE users SET {column} = ");
                let bound = diesel::sql_query(update.clone() + placeholder())
                    .bind::<Binary, _>(plaintext.as_bytes())
                    .execute(conn);
                // Diesel does not know MariaDB's error code for a failed CHECK.
                let Err(DieselError::DatabaseError(_, refusal)) = bound else {
                    panic!("{column} {plaintext}: {bound:?}")
                };
                let words = refusal.message().to_lowercase();
                assert!(words.contains("check") || words.contains("constraint"), "{words}");
                let literal = diesel::sql_query(format!("{update}'{plaintext}'")).execute(conn);
                assert!(literal.is_err(), "{column} {plaintext}");
            }
        }
        assert_eq!(names(conn), ["a Tables"]);
    });
}

#[test]
fn the_strict_migration_takes_only_bound_native_values() {
    on_database(|conn| {
        diesel_migrations::MigrationHarness::run_pending_migrations(conn, MIGRATIONS).unwrap();
        diesel::insert_into(users::table).values(new_user("a", Some("1"))).execute(conn).unwrap();
        diesel::update(users::table)
            .set(users::phone.eq(None::<Encrypted<String, users::phone>>))
            .execute(conn)
            .unwrap();
        let unbound = Keyring::installed()
            .unwrap()
            .encrypt::<String, Unbound>(&"planted".to_owned())
            .unwrap();
        for bytes in [&unbound[..], TOKEN] {
            for column in ["name", "email", "phone"] {
                let update = format!("UPDATE users SET {column} = {}", placeholder());
                assert!(
                    diesel::sql_query(update).bind::<Binary, _>(bytes).execute(conn).is_err(),
                    "{column}"
                );
            }
        }
        assert_eq!(names(conn), ["a Tables"]);
    });
}

/// A token from the Fernet specification.
const TOKEN: &[u8] = b"gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

fn placeholder() -> &'static str {
    if std::any::type_name::<Db>().contains("Pg") { "$1" } else { "?" }
}

/// Writes bytes to a column of the first row, without regard to its type.
fn plant(conn: &mut Conn, column: &str, bytes: &[u8]) {
    let update = format!("UPDATE users SET {column} = {} ", placeholder());
    diesel::sql_query(update).bind::<Nullable<Binary>, _>(Some(bytes)).execute(conn).unwrap();
}

#[test]
fn a_value_that_does_not_belong_where_it_stands_is_an_error() {
    on_database(|conn| {
        diesel::insert_into(users::table).values(new_user("a", Some("1"))).execute(conn).unwrap();
        let keyring = Keyring::installed().unwrap();
        let name = raw(conn, "SELECT name AS raw FROM users");
        let unbound = keyring.encrypt::<String, Unbound>(&"planted".to_owned()).unwrap();
        let mut flipped = name.clone();
        flipped[20] ^= 1;
        let mut stranger = name.clone();
        stranger[2] ^= 1;
        let stranger_id =
            format!("{:02x}{:02x}{:02x}{:02x}", stranger[2], stranger[3], stranger[4], stranger[5])
                .parse()
                .unwrap();

        for (bytes, expected) in [
            (&name[..], Error::DecryptionFailed),
            (&flipped, Error::DecryptionFailed),
            (&name[..name.len() - 1], Error::DecryptionFailed),
            (&stranger, Error::UnknownKey { key_id: stranger_id }),
            (
                &unbound,
                Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::Unbound },
            ),
            (
                TOKEN,
                Error::NotAccepted { expected: ValueFormat::Bound, found: ValueFormat::Fernet },
            ),
        ] {
            plant(conn, "phone", bytes);
            let error = users::table.select(User::as_select()).first(conn).unwrap_err();
            assert_eq!(Error::find_in(&error), Some(&expected));
            let words = format!("{error} {error:?}");
            assert!(words.contains("phone") && !words.contains("Tables"), "{words}");

            let row: TolerantUser =
                users::table.select(TolerantUser::as_select()).first(conn).unwrap();
            assert_eq!(row.phone.unwrap().into_inner(), Err(expected));
            assert_eq!(row.name.into_inner().unwrap(), "a Tables", "the other columns are read");
        }
    });
}

/// SECURITY.md excludes this from the protection: nothing in a value names its row or its time.
#[test]
fn two_rows_of_one_column_can_be_swapped_and_a_row_rolled_back() {
    on_database(|conn| {
        diesel::insert_into(users::table)
            .values(vec![new_user("a", None), new_user("b", None)])
            .execute(conn)
            .unwrap();
        let (a, b) =
            (find(conn, "a@example.org").unwrap().id, find(conn, "b@example.org").unwrap().id);
        let name = |conn: &mut Conn, id: i64| {
            raw(conn, &format!("SELECT name AS raw FROM users WHERE id = {id}"))
        };
        let set = |conn: &mut Conn, id: i64, bytes: &[u8]| {
            let update = format!("UPDATE users SET name = {} WHERE id = {id}", placeholder());
            diesel::sql_query(update).bind::<Binary, _>(bytes).execute(conn).unwrap();
        };
        let (name_a, name_b) = (name(conn, a), name(conn, b));
        set(conn, a, &name_b);
        set(conn, b, &name_a);
        assert_eq!(names(conn), ["b Tables", "a Tables"]);

        diesel::update(users::table.find(a))
            .set(users::name.encrypt("new Tables".to_owned()))
            .execute(conn)
            .unwrap();
        set(conn, a, &name_a);
        assert_eq!(names(conn), ["a Tables", "a Tables"]);
    });
}

#[test]
fn queries_print_no_value() {
    on_database(|conn| {
        let user = new_user("a", Some("1"));
        let printed = [
            diesel::debug_query::<Db, _>(&diesel::insert_into(users::table).values(&user))
                .to_string(),
            diesel::debug_query::<Db, _>(&diesel::update(users::table.find(1)).set(&user))
                .to_string(),
            diesel::debug_query::<Db, _>(
                &users::table.filter(users::email_index.matches("a@Example.org")),
            )
            .to_string(),
            format!("{user:?} {:?}", users::email_index.matches("a@Example.org")),
        ];
        for text in printed {
            assert!(text.contains("redacted"), "{text}");
            assert_no_plaintext(&[text.into_bytes()]);
        }

        let seen = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
        let log = seen.clone();
        conn.set_instrumentation(move |event: diesel::connection::InstrumentationEvent<'_>| {
            log.lock().unwrap().push_str(&format!("{event:?}\n"));
        });
        diesel::insert_into(users::table).values(&user).execute(conn).unwrap();
        find(conn, "a@Example.org").unwrap();
        conn.set_instrumentation(|_: diesel::connection::InstrumentationEvent<'_>| {});
        let seen = seen.lock().unwrap().clone();
        assert!(seen.contains("INSERT") && seen.contains("redacted"), "{seen}");
        assert_no_plaintext(&[seen.into_bytes()]);
    });
}

#[test]
fn models_go_through_serde_in_every_form_of_field() {
    fn same<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T, json: &str) -> T {
        assert_eq!(serde_json::to_string(value).unwrap(), json);
        serde_json::from_str(json).unwrap()
    }
    on_database(|conn| {
        diesel::insert_into(users::table)
            .values(vec![new_user("a", Some("1")), new_user("b", None)])
            .execute(conn)
            .unwrap();
        let loaded: Vec<ApiUser> =
            users::table.order(users::id).select(ApiUser::as_select()).load(conn).unwrap();
        let a = r#"{"name":"a Tables","email":"a@Example.org","phone":"+49 30 555 1"}"#;
        let b = r#"{"name":"b Tables","email":"b@Example.org","phone":null}"#;
        assert_eq!([same(&loaded[0], a), same(&loaded[1], b)], *loaded);

        let json = r#"{"id":1,"email":"c@Example.org","phone":"+49 30 555 3"}"#;
        let contact: ApiContact = serde_json::from_str(json).unwrap();
        diesel::insert_into(contacts::table).values(&contact).execute(conn).unwrap();
        let without: ApiContact =
            serde_json::from_str(r#"{"id":2,"email":"d@Example.org"}"#).unwrap();
        diesel::insert_into(contacts::table).values(&without).execute(conn).unwrap();
        let by_phone = contacts::table
            .filter(contacts::phone_index.matches("49305553"))
            .select(ApiContact::as_select());
        assert_eq!(same(&by_phone.first(conn).unwrap(), json), contact);
        let patch: ApiContactPatch = serde_json::from_str(r#"{"email":"e@Example.org"}"#).unwrap();
        diesel::update(contacts::table.find(2))
            .set(same(&patch, r#"{"email":"e@Example.org"}"#))
            .execute(conn)
            .unwrap();
        let patched: ApiContact =
            contacts::table.find(2).select(ApiContact::as_select()).first(conn).unwrap();
        assert_eq!(same(&patched, r#"{"id":2,"email":"e@Example.org","phone":null}"#), patched);
        assert!(serde_json::from_str::<ApiContactPatch>("{}").unwrap().email.is_none());

        let json = r#"{"id":1,"secret":"hunter2","note":"a Tables","tag":"b Tables"}"#;
        let profile: ApiProfile = serde_json::from_str(json).unwrap();
        assert!(!profile.note.was_plaintext());
        diesel::insert_into(profiles::table).values(&profile).execute(conn).unwrap();
        let loaded: ApiProfile =
            profiles::table.select(ApiProfile::as_select()).first(conn).unwrap();
        assert_eq!(same(&loaded, json), profile);
    });
}

#[test]
fn loaded_values_are_sorted_hashed_and_lent_in_memory() {
    on_database(|conn| {
        diesel::insert_into(users::table)
            .values(vec![new_user("b", None), new_user("a", Some("1")), new_user("c", Some("0"))])
            .execute(conn)
            .unwrap();
        let mut loaded: Vec<ApiUser> =
            users::table.order(users::id).select(ApiUser::as_select()).load(conn).unwrap();
        let distinct: std::collections::HashSet<_> =
            loaded.iter().chain(&loaded.clone()).cloned().collect();
        assert_eq!(distinct.len(), 3, "equal values have equal hashes");
        loaded.sort();
        let sorted: Vec<&str> = loaded.iter().map(|user| user.name.as_ref()).collect();
        assert_eq!(sorted, ["a Tables", "b Tables", "c Tables"]);
        loaded.sort_by(|one, other| one.phone.cmp(&other.phone).then(other.email.cmp(&one.email)));
        let emails: Vec<&[u8]> = loaded.iter().map(|user| user.email.as_ref()).collect();
        assert_eq!(
            emails,
            [&b"b@Example.org"[..], b"c@Example.org", b"a@Example.org"],
            "NULL, then by phone"
        );

        let note = |text: &str| diesel_envelope::MaybeEncrypted::<String>::from(text);
        let mut notes = std::collections::BTreeSet::from([note("b"), note("a")]);
        assert!(!notes.insert(note("b")) && notes.insert(note("c")));
        assert_eq!(notes.iter().map(AsRef::<str>::as_ref).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(
            Encrypted::<f64>::new(1.5) > Encrypted::new(-2.0)
                && Encrypted::<f64>::new(f64::NAN).partial_cmp(&1.0.into()).is_none()
        );
    });
}

#[test]
fn raw_queries_bind_encrypted_values() {
    on_database(|conn| {
        diesel::insert_into(users::table).values(new_user("a", None)).execute(conn).unwrap();
        let update = format!("UPDATE users SET name = {}", placeholder());
        let value = Encrypted::<String, users::name>::from("b Tables");
        diesel::sql_query(&update).bind::<Ciphertext, _>(&value).execute(conn).unwrap();
        assert_eq!(names(conn), ["b Tables"]);
        diesel::sql_query(&update).bind::<Binary, _>(value).execute(conn).unwrap();
        assert_eq!(names(conn), ["b Tables"]);
        let text = Encrypted::<AsText<f64>>::new(AsText(1.5));
        let echo = diesel::select(diesel::dsl::sql::<Text>("").bind::<Text, _>(text))
            .get_result::<String>(conn);
        assert!(echo.unwrap().starts_with("de1.oQ"));
    });
}
