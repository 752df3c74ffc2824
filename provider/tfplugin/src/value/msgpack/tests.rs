use proptest::prelude::*;
use test_inputs::both_ways;

use super::*;
use crate::value::json;

fn leaf() -> impl Strategy<Value = (Type, Value)> {
    prop_oneof![
        any::<bool>().prop_map(|v| (Type::Bool, Value::Bool(v))),
        any::<i64>().prop_map(|v| (Type::Number, Value::Number(v.into()))),
        any::<u64>().prop_map(|v| (Type::Number, Value::Number(v.into()))),
        "-?[0-9]{1,30}(\\.[0-9]{1,30})?(e-?[0-9]{1,3})?"
            .prop_map(|t| (Type::Number, Value::Number(Number::parse(&t).unwrap()))),
        any::<String>().prop_map(|v| (Type::String, Value::String(v))),
        Just((Type::String, Value::Null)),
        Just((Type::Number, Value::UNKNOWN)),
        (
            any::<Option<bool>>(),
            "[a-z]{0,40}",
            any::<i64>(),
            any::<u64>()
        )
            .prop_map(|(null, prefix, low, length)| {
                let refinements = Refinements {
                    null,
                    prefix: Some(prefix),
                    lower: Some((low.into(), true)),
                    upper: None,
                    min_length: Some(length / 2),
                    max_length: None,
                };
                (Type::String, Value::Unknown(Some(Box::new(refinements))))
            }),
    ]
}

fn typed() -> impl Strategy<Value = (Type, Value)> {
    leaf().prop_recursive(5, 40, 4, |inner| {
        let same = (inner.clone(), 0usize..4);
        prop_oneof![
            same.clone()
                .prop_map(|((t, v), n)| (Type::List(Box::new(t)), Value::List(vec![v; n]))),
            same.prop_map(|((t, v), n)| {
                let members = (0..n).map(|i| (format!("k{i}"), v.clone()));
                (Type::Map(Box::new(t)), Value::map(members))
            }),
            prop::collection::btree_map("[a-z_]{1,5}", inner.clone(), 0..4).prop_map(|members| {
                let types = members.iter().map(|(k, (t, _))| (k.clone(), t.clone()));
                let types = Type::Object(types.collect());
                let values = members.into_iter().map(|(k, (_, v))| (k, v));
                (types, Value::map(values))
            }),
            prop::collection::vec(inner.clone(), 0..4).prop_map(|items| {
                let (types, values) = items.into_iter().unzip();
                (Type::Tuple(types), Value::List(values))
            }),
            inner.prop_map(|(t, v)| (Type::Dynamic, Value::dynamic(t, v))),
        ]
    })
}

proptest! {
    #[test]
    fn every_value_comes_back((ty, value) in typed()) {
        let bytes = encode(&value, &ty).unwrap();
        prop_assert_eq!(decode(&bytes, &ty).unwrap(), value);
    }

}

#[test]
fn hostile_bytes_are_refused_or_read() {
    let bytes = prop_oneof![any::<Vec<u8>>(), prop::collection::vec(any::<u8>(), 1..3)];
    both_ways((leaf(), bytes.clone()), |((ty, _), bytes)| {
        decode(&bytes, &ty).is_ok()
    });
    let json = prop_oneof![
        bytes.clone(),
        "null|true|-?[0-9]{1,9}|\"[a-z]{0,9}\"".prop_map(String::into_bytes)
    ];
    both_ways((leaf(), json), |((ty, _), bytes)| {
        json::decode(&bytes, &ty).is_ok()
    });
    let dynamic = prop_oneof![
        bytes,
        typed().prop_map(|typed| encode(&Value::Dynamic(Box::new(typed)), &Type::Dynamic).unwrap()),
    ];
    both_ways(dynamic, |bytes| decode(&bytes, &Type::Dynamic).is_ok());
}

#[test]
fn damaged_bytes_are_refused_or_read() {
    let damages = (
        typed(),
        any::<prop::sample::Index>(),
        any::<u8>(),
        any::<prop::sample::Index>(),
    );
    both_ways(damages, |((ty, value), at, byte, cut)| {
        let mut bytes = encode(&value, &ty).unwrap();
        let position = at.index(bytes.len());
        bytes[position] = byte;
        let accepted = decode(&bytes, &ty).is_ok();
        bytes.truncate(cut.index(bytes.len()));
        let _ = decode(&bytes, &ty);
        accepted
    });
}

#[test]
fn numbers_are_read_in_all_three_forms() {
    let number = |bytes: &[u8]| decode(bytes, &Type::Number).unwrap();
    let half = Value::Number(Number::parse("0.5").unwrap());
    assert_eq!(number(&[0x03]), Value::from(3));
    assert_eq!(number(&[0xcb, 0x3f, 0xe0, 0, 0, 0, 0, 0, 0]), half);
    assert_eq!(number(b"\xa30.5"), half);
    assert_eq!(encode(&Value::from(3), &Type::Number).unwrap(), [3]);
    assert_eq!(encode(&half, &Type::Number).unwrap(), b"\xa30.5");
}

#[test]
fn unknown_is_what_terraform_writes_and_any_short_extension() {
    assert_eq!(encode(&Value::UNKNOWN, &Type::Bool).unwrap(), [0xd4, 0, 0]);
    for bytes in [&[0xd4, 0, 0][..], &[0xd4, 99, 1], &[0xc7, 0, 5]] {
        assert_eq!(decode(bytes, &Type::Bool).unwrap(), Value::UNKNOWN);
    }
    assert!(decode(&[0xd5, 7, 0, 0], &Type::Bool).is_err());
}

#[test]
fn a_promise_of_nothing_is_not_written() {
    let value = Value::Unknown(Some(Box::default()));
    assert_eq!(encode(&value, &Type::Bool).unwrap(), [0xd4, 0, 0]);
}

#[test]
fn a_length_that_cannot_be_there_costs_nothing() {
    let list = Type::List(Box::new(Type::String));
    assert!(decode(&[0xdd, 0xff, 0xff, 0xff, 0xff], &list).is_err());
    let map = Type::Map(Box::new(Type::String));
    assert!(decode(&[0xdf, 0xff, 0xff, 0xff, 0xff], &map).is_err());
    assert!(decode(&[0xdb, 0xff, 0xff, 0xff, 0xff], &Type::String).is_err());
}

#[test]
fn dynamic_within_dynamic_ends() {
    let mut bytes = Vec::new();
    for _ in 0..100_000 {
        bytes.extend_from_slice(b"\x92\xc4\x09\"dynamic\"");
    }
    assert!(decode(&bytes, &Type::Dynamic).is_err());
}

#[test]
fn a_wide_type_and_many_empty_objects_cost_nothing() {
    let members = (0..2000).map(|i| (format!("a{i}"), Type::Bool)).collect();
    let of = Type::List(Box::new(Type::Object(members)));
    let mut bytes = vec![0x92];
    encode::write_bin(&mut bytes, of.to_json().to_string().as_bytes()).unwrap();
    encode::write_array_len(&mut bytes, 100_000).unwrap();
    bytes.resize(bytes.len() + 100_000, 0x80);
    let error = decode(&bytes, &Type::Dynamic).unwrap_err();
    assert!(matches!(error.reason, ValueErrorKind::Mismatch { .. }));
}

#[test]
fn an_object_holds_every_attribute() {
    let ty = Type::Object([("a".to_owned(), Type::Bool), ("b".to_owned(), Type::Bool)].into());
    let value = decode(&[0x81, 0xa1, b'a', 0xc3], &ty).unwrap();
    assert_eq!(value, Value::map([("a", true.into()), ("b", Value::Null)]));
    let error = decode(&[0x81, 0xa1, b'a', 0x01], &ty).unwrap_err();
    assert_eq!(error.path.to_string(), "a");
}
