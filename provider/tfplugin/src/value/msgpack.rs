//! Values as msgpack, read and written according to their type.
//!
//! An object is a map with every attribute present; unknown is an extension; a number is an
//! integer, a float or a decimal string; a dynamic value is its type in JSON and the value.

use std::collections::BTreeMap;

use rmp::Marker;
use rmp::encode;

use super::{Level, Number, Refinements, Type, Value, ValueError, ValueErrorKind};
use crate::path::Step;

mod reader;

use reader::Reader;

/// The extension code of an unknown value with refinements.
const REFINED: i8 = 12;
/// The maximum length of a refinement.
const MAX_REFINEMENT: usize = 1024;

/// Reads a value of type `ty` from `bytes`. Whatever the bytes contain, memory is bounded by the
/// length of `bytes` and the number of attributes of `ty`, and recursion by
/// [`MAX_DEPTH`](super::MAX_DEPTH).
///
/// # Errors
/// Returns a [`ValueError`] with the path at which the bytes do not have that type.
pub fn decode(bytes: &[u8], ty: &Type) -> Result<Value, ValueError> {
    let mut reader = Reader::new(bytes);
    let value = read(&mut reader, ty, Level::default())?;
    if reader.left() != 0 {
        return Err(ValueError::malformed("bytes are left over"));
    }
    Ok(value)
}

/// The bytes of `value`, which is of type `ty`.
///
/// # Errors
/// Returns a [`ValueError`] with the path at which the value does not have that type.
pub fn encode(value: &Value, ty: &Type) -> Result<Vec<u8>, ValueError> {
    let mut out = Vec::with_capacity(256);
    write(&mut out, value, ty)?;
    Ok(out)
}

fn read(reader: &mut Reader<'_>, ty: &Type, level: Level) -> Result<Value, ValueError> {
    let marker = reader.marker()?;
    if marker == Marker::Null {
        return Ok(Value::Null);
    }
    if let Some((code, payload)) = reader.extension(marker)? {
        return unknown(code, payload);
    }
    match ty {
        Type::Bool => match marker {
            Marker::True => Ok(Value::Bool(true)),
            Marker::False => Ok(Value::Bool(false)),
            other => mismatch(ty, other),
        },
        Type::String => match reader.string(marker)? {
            Some(text) => Ok(Value::String(text.to_owned())),
            None => mismatch(ty, marker),
        },
        Type::Number => match reader.number(marker)? {
            Some(number) => Ok(Value::Number(number)),
            None => mismatch(ty, marker),
        },
        Type::List(of) | Type::Set(of) => {
            let Some(length) = reader.array(marker)? else {
                return mismatch(ty, marker);
            };
            let level = level.below()?;
            let mut items = Vec::new();
            for index in 0..length {
                items.push(read(reader, of, level).map_err(|e| e.under(Step::Index(index)))?);
            }
            Ok(Value::List(items))
        }
        Type::Tuple(types) => {
            let Some(length) = reader.array(marker)? else {
                return mismatch(ty, marker);
            };
            if length != types.len() {
                return Err(mismatched(
                    format!("a tuple of {} elements", types.len()),
                    format!("{length}"),
                ));
            }
            let level = level.below()?;
            let mut items = Vec::new();
            for (index, of) in types.iter().enumerate() {
                items.push(read(reader, of, level).map_err(|e| e.under(Step::Index(index)))?);
            }
            Ok(Value::List(items))
        }
        Type::Map(of) => {
            let Some(length) = reader.map(marker)? else {
                return mismatch(ty, marker);
            };
            let level = level.below()?;
            let mut members = BTreeMap::new();
            for _ in 0..length {
                let key = reader.key()?.to_owned();
                let value = read(reader, of, level).map_err(|e| e.under(Step::Key(key.clone())))?;
                members.insert(key, value);
            }
            Ok(Value::Map(members))
        }
        Type::Object(types) => {
            let Some(length) = reader.map(marker)? else {
                return mismatch(ty, marker);
            };
            level.complete(length, types.len())?;
            let level = level.below()?;
            let mut members: BTreeMap<String, Value> = BTreeMap::new();
            for _ in 0..length {
                let name = reader.key()?;
                let Some(of) = types.get(name) else {
                    return Err(mismatched(
                        "the attributes of the schema".to_owned(),
                        format!("{name:?}"),
                    ));
                };
                let value = read(reader, of, level)
                    .map_err(|e| e.under(Step::Attribute(name.to_owned())))?;
                members.insert(name.to_owned(), value);
            }
            for name in types.keys() {
                members.entry(name.clone()).or_default();
            }
            Ok(Value::Map(members))
        }
        Type::Dynamic => {
            if reader.array(marker)? != Some(2) {
                return mismatch(ty, marker);
            }
            let of = Type::from_json_bytes(reader.bytes()?)
                .map_err(|error| ValueErrorKind::Type(error).here())?;
            let value = read(reader, &of, level.carried()?)?;
            Ok(Value::dynamic(of, value))
        }
    }
}

fn mismatched(expected: String, found: String) -> ValueError {
    ValueErrorKind::Mismatch { expected, found }.here()
}

fn mismatch<T>(ty: &Type, marker: Marker) -> Result<T, ValueError> {
    Err(mismatched(ty.to_string(), format!("msgpack {marker:?}")))
}

/// An extension with a payload of at most one byte means unknown; a longer one must be a
/// refinement.
fn unknown(code: i8, payload: &[u8]) -> Result<Value, ValueError> {
    if payload.len() <= 1 {
        return Ok(Value::UNKNOWN);
    }
    if code != REFINED {
        return Err(ValueError::malformed(format!(
            "extension {code} has no meaning"
        )));
    }
    if payload.len() > MAX_REFINEMENT {
        return Err(ValueError::malformed("the refinement is too long"));
    }
    let mut reader = Reader::new(payload);
    let marker = reader.marker()?;
    let length = reader
        .map(marker)?
        .ok_or_else(|| ValueError::malformed("a refinement is a map"))?;
    let mut refinements = Refinements::default();
    for _ in 0..length {
        match reader.integer()? {
            1 => refinements.null = Some(reader.boolean()?),
            2 => refinements.prefix = Some(reader.key()?.to_owned()),
            3 => refinements.lower = Some(bound(&mut reader)?),
            4 => refinements.upper = Some(bound(&mut reader)?),
            5 => refinements.min_length = u64::try_from(reader.integer()?).ok(),
            6 => refinements.max_length = u64::try_from(reader.integer()?).ok(),
            _ => reader.skip(0)?,
        }
    }
    if refinements.is_empty() {
        return Ok(Value::UNKNOWN);
    }
    Ok(Value::Unknown(Some(Box::new(refinements))))
}

fn bound(reader: &mut Reader<'_>) -> Result<(Number, bool), ValueError> {
    let wrong = || ValueError::malformed("a bound is a number and a bool");
    let marker = reader.marker()?;
    if reader.array(marker)? != Some(2) {
        return Err(wrong());
    }
    let marker = reader.marker()?;
    let number = reader.number(marker)?.ok_or_else(wrong)?;
    Ok((number, reader.boolean()?))
}

/// Writing to a `Vec` never fails.
fn written<T, E: std::fmt::Debug>(result: Result<T, E>) -> Result<(), ValueError> {
    match result {
        Ok(_) => Ok(()),
        Err(error) => Err(ValueError::malformed(format!("{error:?}"))),
    }
}

fn length(count: usize) -> Result<u32, ValueError> {
    u32::try_from(count).map_err(|_| ValueError::malformed("too long for msgpack"))
}

fn write(out: &mut Vec<u8>, value: &Value, ty: &Type) -> Result<(), ValueError> {
    match (value, ty) {
        (Value::Null, _) => written(encode::write_nil(out)),
        (Value::Unknown(None), _) => {
            out.extend_from_slice(&[0xd4, 0, 0]);
            Ok(())
        }
        (Value::Unknown(Some(refinements)), _) => write_refinements(out, refinements),
        (Value::Bool(value), Type::Bool) => written(encode::write_bool(out, *value)),
        (Value::Number(number), Type::Number) => write_number(out, number),
        (Value::String(text), Type::String) => written(encode::write_str(out, text)),
        (Value::List(items), Type::List(of) | Type::Set(of)) => {
            written(encode::write_array_len(out, length(items.len())?))?;
            for (index, item) in items.iter().enumerate() {
                write(out, item, of).map_err(|e| e.under(Step::Index(index)))?;
            }
            Ok(())
        }
        (Value::List(items), Type::Tuple(types)) if items.len() == types.len() => {
            written(encode::write_array_len(out, length(items.len())?))?;
            for (index, (item, of)) in items.iter().zip(types).enumerate() {
                write(out, item, of).map_err(|e| e.under(Step::Index(index)))?;
            }
            Ok(())
        }
        (Value::Map(members), Type::Map(of)) => {
            written(encode::write_map_len(out, length(members.len())?))?;
            for (key, member) in members {
                written(encode::write_str(out, key))?;
                write(out, member, of).map_err(|e| e.under(Step::Key(key.clone())))?;
            }
            Ok(())
        }
        (Value::Map(members), Type::Object(types)) => {
            if let Some(name) = members.keys().find(|name| !types.contains_key(*name)) {
                return Err(mismatched(
                    "the attributes of the schema".to_owned(),
                    format!("{name:?}"),
                ));
            }
            written(encode::write_map_len(out, length(types.len())?))?;
            for (name, of) in types {
                written(encode::write_str(out, name))?;
                write(out, members.get(name).unwrap_or(&Value::Null), of)
                    .map_err(|e| e.under(Step::Attribute(name.clone())))?;
            }
            Ok(())
        }
        (Value::Dynamic(inner), Type::Dynamic) => {
            let (of, value) = &**inner;
            written(encode::write_array_len(out, 2))?;
            written(encode::write_bin(out, of.to_json().to_string().as_bytes()))?;
            write(out, value, of)
        }
        _ => Err(mismatched(ty.to_string(), value.kind().to_owned())),
    }
}

fn write_number(out: &mut Vec<u8>, number: &Number) -> Result<(), ValueError> {
    if let Some(value) = number.as_i64() {
        written(encode::write_sint(out, value))
    } else if let Some(value) = number.as_u64() {
        written(encode::write_uint(out, value))
    } else {
        // A decimal string is exact; a float rarely is.
        written(encode::write_str(out, &number.to_string()))
    }
}

fn write_refinements(out: &mut Vec<u8>, refinements: &Refinements) -> Result<(), ValueError> {
    let mut body = Vec::new();
    let mut count = 0u32;
    let mut entry = |body: &mut Vec<u8>, key: u8| {
        count += 1;
        written(encode::write_uint(body, key.into()))
    };
    if let Some(null) = refinements.null {
        entry(&mut body, 1)?;
        written(encode::write_bool(&mut body, null))?;
    }
    if let Some(prefix) = refinements.prefix.as_deref().filter(|p| p.len() < 256) {
        entry(&mut body, 2)?;
        written(encode::write_str(&mut body, prefix))?;
    }
    for (key, bound) in [(3, &refinements.lower), (4, &refinements.upper)] {
        if let Some((number, inclusive)) = bound {
            entry(&mut body, key)?;
            written(encode::write_array_len(&mut body, 2))?;
            write_number(&mut body, number)?;
            written(encode::write_bool(&mut body, *inclusive))?;
        }
    }
    for (key, bound) in [(5, refinements.min_length), (6, refinements.max_length)] {
        if let Some(bound) = bound {
            entry(&mut body, key)?;
            written(encode::write_uint(&mut body, bound))?;
        }
    }
    let mut payload = Vec::new();
    written(encode::write_map_len(&mut payload, count))?;
    payload.extend_from_slice(&body);
    // Promises too long to be read, or none at all, are left out: unknown is always true.
    if count == 0 || payload.len() > MAX_REFINEMENT {
        out.extend_from_slice(&[0xd4, 0, 0]);
        return Ok(());
    }
    written(encode::write_ext_meta(out, length(payload.len())?, REFINED))?;
    out.extend_from_slice(&payload);
    Ok(())
}

#[cfg(test)]
mod tests;
