//! Reads msgpack items from a slice. It never reads past the end, and never allocates memory for
//! data that the slice does not contain.

use rmp::Marker;

use crate::value::{MAX_DEPTH, Number, ValueError, ValueErrorKind};

pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn left(&self) -> usize {
        self.rest.len()
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], ValueError> {
        let (head, tail) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| ValueError::malformed("it ends early"))?;
        self.rest = tail;
        Ok(head)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], ValueError> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.take(N)?);
        Ok(bytes)
    }

    fn length(&mut self, width: usize) -> Result<usize, ValueError> {
        let bytes = self.take(width)?;
        Ok(bytes
            .iter()
            .fold(0, |sum, byte| (sum << 8) | usize::from(*byte)))
    }

    /// Checks the size of a collection of `count` elements of at least `each` bytes. If the
    /// remaining bytes cannot contain them, it is an error, so that no caller loops or allocates
    /// for data that was never sent.
    fn plausible(&self, count: usize, each: usize) -> Result<usize, ValueError> {
        if count.saturating_mul(each) > self.rest.len() {
            return Err(ValueError::malformed("it ends early"));
        }
        Ok(count)
    }

    pub(super) fn marker(&mut self) -> Result<Marker, ValueError> {
        Ok(Marker::from_u8(self.fixed::<1>()?[0]))
    }

    /// The code and the payload, if `marker` begins an extension.
    pub(super) fn extension(
        &mut self,
        marker: Marker,
    ) -> Result<Option<(i8, &'a [u8])>, ValueError> {
        let length = match marker {
            Marker::FixExt1 => 1,
            Marker::FixExt2 => 2,
            Marker::FixExt4 => 4,
            Marker::FixExt8 => 8,
            Marker::FixExt16 => 16,
            Marker::Ext8 => self.length(1)?,
            Marker::Ext16 => self.length(2)?,
            Marker::Ext32 => self.length(4)?,
            _ => return Ok(None),
        };
        let code = i8::from_be_bytes(self.fixed()?);
        Ok(Some((code, self.take(length)?)))
    }

    pub(super) fn string(&mut self, marker: Marker) -> Result<Option<&'a str>, ValueError> {
        let length = match marker {
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 => self.length(1)?,
            Marker::Str16 => self.length(2)?,
            Marker::Str32 => self.length(4)?,
            _ => return Ok(None),
        };
        std::str::from_utf8(self.take(length)?)
            .map(Some)
            .map_err(|_| ValueError::malformed("a string is not UTF-8"))
    }

    pub(super) fn key(&mut self) -> Result<&'a str, ValueError> {
        let marker = self.marker()?;
        self.string(marker)?
            .ok_or_else(|| ValueError::malformed("a key is not a string"))
    }

    /// Bytes, or a string's bytes.
    pub(super) fn bytes(&mut self) -> Result<&'a [u8], ValueError> {
        let marker = self.marker()?;
        let length = match marker {
            Marker::Bin8 => self.length(1)?,
            Marker::Bin16 => self.length(2)?,
            Marker::Bin32 => self.length(4)?,
            other => {
                return self
                    .string(other)?
                    .map(str::as_bytes)
                    .ok_or_else(|| ValueError::malformed("bytes are missing"));
            }
        };
        self.take(length)
    }

    pub(super) fn number(&mut self, marker: Marker) -> Result<Option<Number>, ValueError> {
        let float = |float: f64| {
            Number::from_f64(float)
                .map(Some)
                .map_err(|error| ValueErrorKind::Number(error).here())
        };
        Ok(Some(match marker {
            Marker::FixPos(value) => Number::from(u64::from(value)),
            Marker::U8 => Number::from(u64::from(u8::from_be_bytes(self.fixed()?))),
            Marker::U16 => Number::from(u64::from(u16::from_be_bytes(self.fixed()?))),
            Marker::U32 => Number::from(u64::from(u32::from_be_bytes(self.fixed()?))),
            Marker::U64 => Number::from(u64::from_be_bytes(self.fixed()?)),
            Marker::FixNeg(value) => Number::from(i64::from(value)),
            Marker::I8 => Number::from(i64::from(i8::from_be_bytes(self.fixed()?))),
            Marker::I16 => Number::from(i64::from(i16::from_be_bytes(self.fixed()?))),
            Marker::I32 => Number::from(i64::from(i32::from_be_bytes(self.fixed()?))),
            Marker::I64 => Number::from(i64::from_be_bytes(self.fixed()?)),
            Marker::F32 => return float(f64::from(f32::from_be_bytes(self.fixed()?))),
            Marker::F64 => return float(f64::from_be_bytes(self.fixed()?)),
            other => {
                let Some(text) = self.string(other)? else {
                    return Ok(None);
                };
                Number::parse(text).map_err(|error| ValueErrorKind::Number(error).here())?
            }
        }))
    }

    pub(super) fn integer(&mut self) -> Result<i64, ValueError> {
        let marker = self.marker()?;
        self.number(marker)?
            .and_then(|number| number.as_i64())
            .ok_or_else(|| ValueError::malformed("an integer is missing"))
    }

    pub(super) fn boolean(&mut self) -> Result<bool, ValueError> {
        match self.marker()? {
            Marker::True => Ok(true),
            Marker::False => Ok(false),
            _ => Err(ValueError::malformed("a bool is missing")),
        }
    }

    pub(super) fn array(&mut self, marker: Marker) -> Result<Option<usize>, ValueError> {
        let length = match marker {
            Marker::FixArray(length) => usize::from(length),
            Marker::Array16 => self.length(2)?,
            Marker::Array32 => self.length(4)?,
            _ => return Ok(None),
        };
        self.plausible(length, 1).map(Some)
    }

    pub(super) fn map(&mut self, marker: Marker) -> Result<Option<usize>, ValueError> {
        let length = match marker {
            Marker::FixMap(length) => usize::from(length),
            Marker::Map16 => self.length(2)?,
            Marker::Map32 => self.length(4)?,
            _ => return Ok(None),
        };
        self.plausible(length, 2).map(Some)
    }

    /// Skips one value of any type.
    pub(super) fn skip(&mut self, depth: usize) -> Result<(), ValueError> {
        if depth >= MAX_DEPTH {
            return Err(ValueErrorKind::TooDeep.here());
        }
        let marker = self.marker()?;
        if matches!(marker, Marker::Null | Marker::True | Marker::False)
            || self.extension(marker)?.is_some()
        {
            return Ok(());
        }
        if let Some(length) = self.array(marker)? {
            return (0..length).try_for_each(|_| self.skip(depth + 1));
        }
        if let Some(length) = self.map(marker)? {
            return (0..length * 2).try_for_each(|_| self.skip(depth + 1));
        }
        let width = match marker {
            Marker::FixPos(_) | Marker::FixNeg(_) => 0,
            Marker::U8 | Marker::I8 => 1,
            Marker::U16 | Marker::I16 => 2,
            Marker::U32 | Marker::I32 | Marker::F32 => 4,
            Marker::U64 | Marker::I64 | Marker::F64 => 8,
            Marker::FixStr(length) => usize::from(length),
            Marker::Str8 | Marker::Bin8 => self.length(1)?,
            Marker::Str16 | Marker::Bin16 => self.length(2)?,
            Marker::Str32 | Marker::Bin32 => self.length(4)?,
            _ => return Err(ValueError::malformed("a reserved marker")),
        };
        self.take(width).map(|_| ())
    }
}
