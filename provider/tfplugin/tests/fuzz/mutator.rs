//! Inputs that nobody sends: those of the corpus, damaged at random but always in the same way.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many inputs each target gets, unless `FUZZ_SECONDS` says for how long.
const INPUTS: usize = 20_000;
/// Longer inputs say nothing new.
const LONGEST: usize = 8 << 10;

/// Bytes that mean something: msgpack's markers with great lengths, extensions and nesting; what
/// JSON, numbers and PEM are made of.
const TOKENS: [&[u8]; 34] = [
    b"\xdd\xff\xff\xff\xff",
    b"\xdf\xff\xff\xff\xff",
    b"\xdb\x7f\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xc9\x00\x00\x04\x01\x0c",
    b"\xd4\x00\x00",
    b"\xc7\x04\x0c\x81\x01\xc2\xc0",
    b"\x92\xc4\x09\"dynamic\"",
    b"\x91\x91\x91\x91\x91\x91\x91\x91",
    b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00",
    b"\xcb\x00\x00\x00\x00\x00\x00\x00\x01",
    b"\xc0",
    b"\xc1",
    b"\xa91e9999999",
    b"[[[[[[[[",
    b"]]]]]]]]",
    b"{\"a\":",
    b"null",
    b"1e-99999",
    b"\"\\ud800\"",
    b"[\"object\",{}]",
    b"\n",
    b",6,",
    b"-----END CERTIFICATE-----\n",
    b"\x92\xc4\x08\"string\"\xc0",
    b"\x92\xc4\x08\"string\"\xd4\x00\x00",
    b"\x92\xc4\x11[\"list\",\"string\"]\x91\xa1a",
    b"\x92\xc4\x12[\"tuple\",[\"bool\"]]\x91\xc3",
    b"\x92\xc4\x11[\"set\",\"dynamic\"]\x91\xc0",
    b"{\"value\":null,\"type\":\"string\"}",
    b"{\"value\":[],\"type\":[\"set\",\"dynamic\"]}",
    b"\"a\":1,\"a\":2,",
    b"\xff\xfe",
    b"1e99999999999999999999",
];

/// Calls `target` with every input of `fuzz/corpus/NAME` and with many that are made of them. When it
/// panics, the input is told: it belongs into the corpus. `target` returns true if it read the input;
/// fails when fewer than one in a hundred was read or refused.
pub fn fuzz(name: &str, mut target: impl FnMut(&[u8]) -> bool) {
    let corpus = corpus(name);
    let mut random = Random(0x5eed);
    let seconds = std::env::var("FUZZ_SECONDS").ok();
    let seconds = seconds.and_then(|seconds| seconds.parse().ok());
    let deadline = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    for input in &corpus {
        call(name, input, &mut target);
    }
    let (mut round, mut read) = (0, 0);
    while match deadline {
        Some(deadline) => Instant::now() < deadline,
        None => round < INPUTS,
    } {
        let input = random.damaged(&corpus);
        read += usize::from(call(name, &input, &mut target));
        round += 1;
    }
    let enough = round / 100;
    assert!(
        read >= enough && round - read >= enough,
        "{name}: {read} of {round} inputs were read"
    );
}

fn call(name: &str, input: &[u8], target: &mut impl FnMut(&[u8]) -> bool) -> bool {
    catch_unwind(AssertUnwindSafe(|| target(input))).unwrap_or_else(|panic| {
        eprintln!("{name} fails with b\"{}\"", input.escape_ascii());
        resume_unwind(panic)
    })
}

fn corpus(name: &str) -> Vec<Vec<u8>> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    let files = std::fs::read_dir(directory.join(name)).unwrap();
    let mut paths: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    // The order of a directory differs from machine to machine.
    paths.sort();
    assert!(!paths.is_empty(), "{name} has no corpus");
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// SplitMix64: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// From 0 to `bound`, which it never reaches; 0 where there is nothing.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap();
        usize::try_from(self.next() % bound).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn damaged(&mut self, corpus: &[Vec<u8>]) -> Vec<u8> {
        let mut input = corpus[self.below(corpus.len())].clone();
        for _ in 0..=self.below(6) {
            self.damage(&mut input, corpus);
        }
        input.truncate(LONGEST);
        input
    }

    fn damage(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len());
        let end = at + self.below(input.len() - at + 1);
        match self.below(8) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << self.below(8);
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = self.byte();
                }
            }
            2 => input.truncate(at),
            3 => drop(input.drain(at..end)),
            4 => {
                let piece = input[at..end].to_vec();
                let _ = input.splice(at..at, piece);
            }
            5 => {
                let token = TOKENS[self.below(TOKENS.len())];
                let times = if self.below(8) == 0 { 100 } else { 1 };
                let _ = input.splice(at..at, token.repeat(times));
            }
            6 => {
                let token = TOKENS[self.below(TOKENS.len())];
                let end = (at + token.len()).min(input.len());
                let _ = input.splice(at..end, token.iter().copied());
            }
            _ => {
                let other = &corpus[self.below(corpus.len())];
                let from = self.below(other.len());
                let _ = input.splice(at..end, other[from..].iter().copied());
            }
        }
    }
}
