use super::*;

/// As Everest writes it.
const USERS: &str = "\
# Kept by hand.
admin:
  enabled: true
  capabilities:
  - login
  passwordMtime: \"2026-01-01T00:00:00Z\"
  passwordHash: !!binary |
    AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
# Of the shop.
bob:
  passwordHash: plain
  enabled: yes
  note: \"kept\"   # by us
";

fn document(text: &str) -> Document {
    Document::parse(text).unwrap()
}

#[test]
fn values_are_read_as_everest_reads_them() {
    let document = document(USERS);
    let names: Vec<_> = document.entries().map(|(name, _)| name).collect();
    assert_eq!(names, ["admin", "bob"]);
    let admin = document.get("admin").unwrap();
    assert_eq!(admin.get("enabled").unwrap().boolean(), Some(true));
    assert_eq!(admin.get("capabilities").unwrap().strings(), ["login"]);
    let hash = admin.get("passwordHash").unwrap();
    assert_eq!(hash.text(), None);
    assert_eq!(hash.bytes(), Some((0..32).collect()));
    let bob = document.get("bob").unwrap();
    assert_eq!(bob.get("enabled").unwrap().boolean(), Some(true));
    assert_eq!(
        bob.get("passwordHash").unwrap().bytes(),
        Some(b"plain".to_vec())
    );
}

#[test]
fn a_new_entry_is_appended_and_nothing_else_changes() {
    let text = document(USERS)
        .with_members("carol", &[("enabled", "true".to_owned())])
        .unwrap();
    assert_eq!(text, format!("{USERS}carol:\n  enabled: true\n"));
    let unended = "admin:\n  enabled: true";
    let text = document(unended).with_members("carol", &[("enabled", "true".to_owned())]);
    assert_eq!(
        text.unwrap(),
        format!("{unended}\ncarol:\n  enabled: true\n")
    );
}

#[test]
fn a_changed_entry_keeps_its_place_and_its_other_members() {
    let text = document(USERS)
        .with_members(
            "bob",
            &[("enabled", "false".to_owned()), ("more", "1".to_owned())],
        )
        .unwrap();
    let (before, _) = USERS.split_once("bob:").unwrap();
    assert_eq!(
        text,
        format!(
            "{before}bob:\n  passwordHash: plain\n  enabled: false\n  note: \"kept\"\n  more: 1\n"
        )
    );
    let text = document(USERS)
        .with_members("admin", &[("enabled", "false".to_owned())])
        .unwrap();
    assert_eq!(text, USERS.replacen("enabled: true", "enabled: false", 1));
}

#[test]
fn a_removed_entry_takes_only_its_lines() {
    let text = document(USERS).without("admin").unwrap();
    assert!(
        text.starts_with("# Kept by hand.\n# Of the shop.\nbob:\n"),
        "{text}"
    );
    let text = document(&text).without("bob").unwrap();
    assert!(
        Document::parse(&text).unwrap().entries().next().is_none(),
        "{text}"
    );
    assert_eq!(document("a: 1\n").without("a").unwrap(), "{}\n");
}

#[test]
fn a_document_with_braces_or_without_entries_is_changed_too() {
    for empty in ["", "{}\n", "# nothing\n", "---\n", "null\n"] {
        let text = document(empty).with_members("bob", &[("enabled", "true".to_owned())]);
        assert_eq!(text.unwrap(), "bob:\n  enabled: true\n", "{empty:?}");
    }
    let flow = r#"{"admin": {"enabled": true, "capabilities": ["login"]}, "bob": {"x": {"y": 1}}}"#;
    let text = document(flow)
        .with_members("bob", &[("enabled", "true".to_owned())])
        .unwrap();
    let changed = document(&text);
    assert_eq!(changed.get("admin"), document(flow).get("admin"));
    let bob = changed.get("bob").unwrap();
    assert_eq!(bob.get("enabled").unwrap().boolean(), Some(true));
    assert_eq!(bob.get("x").unwrap().get("y").unwrap().text(), Some("1"));
    let text = document(flow).without("admin").unwrap();
    assert_eq!(document(&text).get("bob"), document(flow).get("bob"));
}

#[test]
fn an_entry_that_others_depend_on_is_not_changed() {
    let text = "a: &all\n  enabled: true\nb: *all\n";
    let refused = document(text).without("a");
    assert_eq!(refused, Err(Malformed::Entangled("a".to_owned())));
    assert!(document(text).without("b").is_ok());
}

#[test]
fn what_is_no_mapping_is_refused_without_its_content() {
    for (text, expected) in [
        ("- a\n", Malformed::NoMapping),
        ("secret", Malformed::NoMapping),
        ("a: 1\n---\nb: 2\n", Malformed::NoMapping),
        ("a: 1\na: 2\n", Malformed::Twice("a".to_owned())),
    ] {
        assert_eq!(Document::parse(text).unwrap_err(), expected, "{text}");
    }
    let error = Document::parse("a: 'secret\n").unwrap_err();
    assert!(matches!(error, Malformed::Syntax { .. }), "{error}");
    assert!(!error.to_string().contains("secret"));
    let deep = "[".repeat(200) + &"]".repeat(200);
    assert!(Document::parse(&deep).is_err());
}

#[test]
fn a_name_that_yaml_takes_for_something_else_is_quoted() {
    for (text, written) in [
        ("alice", "alice"),
        ("yes", "\"yes\""),
        ("123", "\"123\""),
        ("a b", "\"a b\""),
        ("", "\"\""),
    ] {
        assert_eq!(scalar(text), written);
    }
    let text = document("")
        .with_members("on", &[("x", scalar("no"))])
        .unwrap();
    assert_eq!(
        document(&text).get("on").unwrap().get("x").unwrap().text(),
        Some("no")
    );
}

mod any {
    use super::*;
    use proptest::prelude::*;

    fn user() -> impl Strategy<Value = (String, bool, Vec<u8>)> {
        (
            "[a-zA-Z0-9_]{1,8}",
            any::<bool>(),
            proptest::collection::vec(any::<u8>(), 0..40),
        )
    }

    proptest! {
        #[test]
        fn users_come_and_go_without_a_trace(users in proptest::collection::vec(user(), 1..6)) {
            let mut text = String::new();
            for (name, enabled, hash) in &users {
                let members = [("enabled", enabled.to_string()), ("passwordHash", binary(hash))];
                text = document(&text).with_members(name, &members).unwrap();
            }
            for (name, ..) in &users {
                let last = users.iter().rev().find(|user| user.0 == *name).unwrap();
                let read = document(&text);
                let entry = read.get(name).unwrap();
                prop_assert_eq!(entry.get("enabled").unwrap().boolean(), Some(last.1));
                prop_assert_eq!(entry.get("passwordHash").unwrap().bytes(), Some(last.2.clone()));
            }
            for (name, ..) in &users {
                text = document(&text).without(name).unwrap();
            }
            prop_assert_eq!(document(&text).entries().count(), 0);
        }

        #[test]
        fn no_text_brings_the_reader_down(text in "[a-c:{}\\[\\]&*!|>'\"#,\\- \n]{0,60}") {
            if let Ok(document) = Document::parse(&text) {
                let _ = document.with_members("a", &[("b", "1".to_owned())]);
                let _ = document.without("a");
            }
        }
    }
}
