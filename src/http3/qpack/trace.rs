//! QPACK as a trace shows it: instructions and sections read back from their bytes, so that nothing
//! is kept for it where there is no trace.

use super::decoder::Decoder;
use super::dynamic_table::DynamicTable;
use super::encoder::Encoder;
use super::field::{Field, Indexing};
use super::prefix_int;
use super::string::{self, StringError};
use crate::observe::{Array, Kind, Object, SharedTrace};
use crate::wire::Reader;

/// Lines of a section that are shown.
const MAX_LINES: usize = 100;

/// True if nobody should read the value in a file: credentials, and what its sender keeps out of
/// tables.
pub fn is_secret(field: &Field<'_>) -> bool {
    field.indexing != Indexing::Allowed || names_secret(field.name)
}

fn names_secret(name: &[u8]) -> bool {
    let names: [&[u8]; 4] = [b"authorization", b"cookie", b"proxy-authorization", b"set-cookie"];
    names.contains(&name)
}

/// One instruction of an encoder or a decoder (RFC 9204 sections 4.3 and 4.4).
#[derive(Debug, PartialEq, Eq)]
pub enum Instruction {
    SetCapacity(u64),
    /// The value is left out: it may be a secret, depending on the name.
    InsertNamed {
        from_static: bool,
        index: u64,
        value_len: usize,
    },
    InsertLiteral {
        name: Vec<u8>,
        value_len: usize,
    },
    Duplicate(u64),
    Acknowledge(u64),
    Cancel(u64),
    Increment(u64),
}

impl Instruction {
    fn of_encoder(first: u8, reader: &mut Reader<'_>) -> Option<Self> {
        if first & 0x80 != 0 {
            let index = prefix_int::decode(first, 6, reader).ok()?;
            let value_len = text(reader.u8().ok()?, 7, reader)?.len();
            return Some(Self::InsertNamed { from_static: first & 0x40 != 0, index, value_len });
        }
        if first & 0x40 != 0 {
            let name = text(first, 5, reader)?;
            let value_len = text(reader.u8().ok()?, 7, reader)?.len();
            return Some(Self::InsertLiteral { name, value_len });
        }
        let value = prefix_int::decode(first, 5, reader).ok()?;
        Some(if first & 0x20 != 0 { Self::SetCapacity(value) } else { Self::Duplicate(value) })
    }

    fn of_decoder(first: u8, reader: &mut Reader<'_>) -> Option<Self> {
        if first & 0x80 != 0 {
            return prefix_int::decode(first, 7, reader).ok().map(Self::Acknowledge);
        }
        let value = prefix_int::decode(first, 6, reader).ok()?;
        Some(if first & 0x40 != 0 { Self::Cancel(value) } else { Self::Increment(value) })
    }

    /// Writes it with qlog's names.
    pub fn write(&self, data: &mut Object<'_>) {
        let kind = "instruction_type";
        match self {
            Self::SetCapacity(capacity) => {
                data.text(kind, "set_dynamic_table_capacity").number("capacity", *capacity);
            }
            Self::InsertNamed { from_static, index, value_len } => {
                data.text(kind, "insert_with_name_reference");
                data.text("table_type", table_name(*from_static)).number("name_index", *index);
                data.number("value_length", *value_len as u64);
            }
            Self::InsertLiteral { name, value_len } => {
                data.text(kind, "insert_without_name_reference");
                data.number("name_length", name.len() as u64).untrusted("name", name);
                data.number("value_length", *value_len as u64);
            }
            Self::Duplicate(index) => {
                data.text(kind, "duplicate").number("index", *index);
            }
            Self::Acknowledge(stream) => {
                data.text(kind, "section_acknowledgement").number("stream_id", *stream);
            }
            Self::Cancel(stream) => {
                data.text(kind, "stream_cancellation").number("stream_id", *stream);
            }
            Self::Increment(increment) => {
                data.text(kind, "insert_count_increment").number("increment", *increment);
            }
        }
    }
}

type Parse = fn(u8, &mut Reader<'_>) -> Option<Instruction>;

/// Reads instructions from a stream that may be cut anywhere. It is only given what was run without
/// an error, so what it keeps is the beginning of one instruction, as the end that runs it does.
#[derive(Debug)]
pub struct Instructions {
    parse: Parse,
    /// It is known where an instruction begins.
    in_step: bool,
    partial: Vec<u8>,
    /// With fewer bytes than this it is not worth while to look again.
    enough: usize,
}

impl Instructions {
    /// Those of an encoder; `in_step` if one begins with the first byte that comes.
    pub fn of_encoder(in_step: bool) -> Self {
        Self { parse: Instruction::of_encoder, in_step, partial: Vec::new(), enough: 0 }
    }

    /// Those of a decoder, as above.
    pub fn of_decoder(in_step: bool) -> Self {
        Self { parse: Instruction::of_decoder, in_step, partial: Vec::new(), enough: 0 }
    }

    /// Bytes are passed over, `whole` if an instruction ends with them.
    pub fn pass_over(&mut self, whole: bool) {
        self.in_step = whole;
        self.partial = Vec::new();
    }

    /// Takes bytes in, `whole` if an instruction ends with them; returns those that are whole.
    pub fn take(&mut self, bytes: &[u8], whole: bool) -> Vec<Instruction> {
        if !self.in_step {
            self.in_step = whole;
            return Vec::new();
        }
        self.partial.extend_from_slice(bytes);
        // What comes byte by byte is not read again with each of them.
        if !whole && self.partial.len() < self.enough {
            return Vec::new();
        }
        let (mut list, mut used) = (Vec::new(), 0);
        let mut reader = Reader::new(&self.partial);
        while let Ok(first) = reader.u8() {
            let Some(instruction) = (self.parse)(first, &mut reader) else { break };
            list.push(instruction);
            used = reader.position();
        }
        self.partial.drain(..used);
        self.enough = 2 * self.partial.len();
        list
    }
}

/// What a trace shows of one end's table.
pub trait Tabular {
    /// The table.
    fn figures(&self) -> Figures;
    /// Name and value of an entry.
    fn entry(&self, index: u64) -> Option<(&[u8], &[u8])>;
}

/// The state of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub capacity: u64,
    pub size: u64,
    pub inserted: u64,
    pub evicted: u64,
    /// Of the encoder's alone.
    pub known_received: Option<u64>,
}

impl Figures {
    fn of<N>(table: &DynamicTable<N>) -> Self {
        Self {
            capacity: table.capacity(),
            size: table.capacity() - table.free(),
            inserted: table.insert_count(),
            evicted: table.evicted(),
            known_received: None,
        }
    }
}

impl Tabular for Encoder {
    fn figures(&self) -> Figures {
        Figures { known_received: Some(self.known_received()), ..Figures::of(self.table()) }
    }

    fn entry(&self, index: u64) -> Option<(&[u8], &[u8])> {
        self.table().get(index)
    }
}

impl Tabular for Decoder {
    fn figures(&self) -> Figures {
        Figures::of(self.table())
    }

    fn entry(&self, index: u64) -> Option<(&[u8], &[u8])> {
        self.table().get(index)
    }
}

/// A table as it was last told of.
#[derive(Debug)]
pub struct TableWatch {
    owner: &'static str,
    told: Figures,
}

impl TableWatch {
    /// A table of which nothing was told, and who fills it.
    pub fn new(owner: &'static str) -> Self {
        Self { owner, told: Figures::default() }
    }

    /// Tells what has changed.
    pub fn look(&mut self, trace: &SharedTrace, end: &impl Tabular) {
        let (now, told) = (end.figures(), self.told);
        if now == told {
            return;
        }
        self.told = now;
        if !trace.wants(Kind::QpackStateUpdated) {
            return;
        }
        // Older ones came and went unseen, before the trace began.
        for index in told.inserted.max(now.evicted)..now.inserted {
            self.tell_entry(trace, "inserted", index, end.entry(index));
        }
        for index in told.evicted..now.evicted.min(told.inserted) {
            self.tell_entry(trace, "evicted", index, None);
        }
        trace.event(Kind::QpackStateUpdated, |data| {
            data.text("owner", self.owner).number("dynamic_table_capacity", now.capacity);
            data.number("dynamic_table_size", now.size);
            if let Some(known) = now.known_received {
                data.number("known_received_count", known);
            }
            data.number("current_insert_count", now.inserted);
        });
    }

    fn tell_entry(
        &self,
        trace: &SharedTrace,
        update: &'static str,
        index: u64,
        entry: Option<(&[u8], &[u8])>,
    ) {
        trace.event(Kind::QpackDynamicTableUpdated, |data| {
            data.text("owner", self.owner).text("update_type", update);
            data.array("entries", |entries| {
                entries.object(|data| {
                    data.number("index", index);
                    if let Some((name, value)) = entry {
                        data.untrusted("name", name);
                        match names_secret(name) {
                            true => data.text("value", "(hidden)"),
                            false => data.untrusted("value", value),
                        };
                    }
                });
            });
        });
    }
}

/// Writes what an encoded field section says, index by index (RFC 9204 section 4.5).
pub fn write_section(data: &mut Object<'_>, encoded: &[u8]) {
    let mut reader = Reader::new(encoded);
    let Some((count, negative, delta)) = prefix(&mut reader) else { return };
    data.object("block_prefix", |data| {
        data.number("required_insert_count", count).flag("sign_bit", negative);
        data.number("delta_base", delta);
    });
    data.array("header_block", |lines| {
        for _ in 0..MAX_LINES {
            if write_line(lines, &mut reader).is_none() {
                return;
            }
        }
    });
}

/// The encoded insert count, the sign, and the distance to the base.
fn prefix(reader: &mut Reader<'_>) -> Option<(u64, bool, u64)> {
    let count = prefix_int::decode(reader.u8().ok()?, 8, reader).ok()?;
    let first = reader.u8().ok()?;
    let delta = prefix_int::decode(first, 7, reader).ok()?;
    Some((count, first & 0x80 != 0, delta))
}

fn write_line(lines: &mut Array<'_>, reader: &mut Reader<'_>) -> Option<()> {
    let first = reader.u8().ok()?;
    if first & 0x80 != 0 || first & 0xf0 == 0x10 {
        let post_base = first & 0x80 == 0;
        let bits = if post_base { 4 } else { 6 };
        let index = prefix_int::decode(first, bits, reader).ok()?;
        lines.object(|data| {
            data.text("header_field_type", "indexed_header");
            data.text("table_type", table_name(!post_base && first & 0x40 != 0));
            data.number("index", index).flag("is_post_base", post_base);
        });
        return Some(());
    }
    if first & 0xe0 == 0x20 {
        let name = text(first, 3, reader)?;
        let value_len = text(reader.u8().ok()?, 7, reader)?.len();
        lines.object(|data| {
            data.text("header_field_type", "literal_without_name");
            data.flag("preserve_literal", first & 0x10 != 0);
            data.number("name_length", name.len() as u64).untrusted("name", &name);
            data.number("value_length", value_len as u64);
        });
        return Some(());
    }
    let post_base = first & 0x40 == 0;
    let (bits, never) = if post_base { (3, 0x08) } else { (4, 0x20) };
    let index = prefix_int::decode(first, bits, reader).ok()?;
    let value_len = text(reader.u8().ok()?, 7, reader)?.len();
    lines.object(|data| {
        data.text("header_field_type", "literal_with_name");
        data.flag("preserve_literal", first & never != 0);
        data.text("table_type", table_name(!post_base && first & 0x10 != 0));
        data.number("name_index", index).number("value_length", value_len as u64);
        data.flag("is_post_base", post_base);
    });
    Some(())
}

fn text(first: u8, bits: u32, reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let read: Result<(), StringError> = string::decode(first, bits, reader, usize::MAX, &mut out);
    read.ok().map(|()| out)
}

const fn table_name(from_static: bool) -> &'static str {
    if from_static {
        "static"
    } else {
        "dynamic"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(instruction: &Instruction) -> String {
        let mut out = String::new();
        Object::write(&mut out, |data| instruction.write(data));
        out
    }

    /// RFC 9204 appendix B.2, cut into single bytes.
    #[test]
    fn instructions_are_read_however_they_are_cut() {
        let bytes = b"\x3f\xbd\x01\xc0\x0fwww.example.com\xc1\x0c/sample/path\x4acustom-key\x0ccustom-value\x02";
        let mut reader = Instructions::of_encoder(true);
        let last = bytes.len() - 1;
        let list: Vec<_> = bytes
            .iter()
            .enumerate()
            .flat_map(|(place, byte)| reader.take(&[*byte], place == last))
            .collect();
        assert_eq!(
            list,
            [
                Instruction::SetCapacity(220),
                Instruction::InsertNamed { from_static: true, index: 0, value_len: 15 },
                Instruction::InsertNamed { from_static: true, index: 1, value_len: 12 },
                Instruction::InsertLiteral { name: b"custom-key".to_vec(), value_len: 12 },
                Instruction::Duplicate(2),
            ]
        );
        let answers = Instructions::of_decoder(true).take(&[0x84, 0x48, 0x01], true);
        let expected =
            [Instruction::Acknowledge(4), Instruction::Cancel(8), Instruction::Increment(1)];
        assert_eq!(answers, expected);
    }

    /// A trace may begin within an instruction.
    #[test]
    fn what_begins_in_the_middle_is_passed_over() {
        let mut reader = Instructions::of_encoder(false);
        assert_eq!(reader.take(b"middle", false), []);
        assert_eq!(reader.take(b"end", true), []);
        assert_eq!(reader.take(b"\x02", true), [Instruction::Duplicate(2)]);
        reader.pass_over(false);
        assert_eq!(reader.take(b"\x02", true), []);
        reader.pass_over(true);
        assert_eq!(reader.take(b"\x03", true), [Instruction::Duplicate(3)]);
    }

    #[test]
    fn values_of_insertions_are_not_shown() {
        let bytes = b"\xc5\x06secret\x46cookie\x06secret";
        for instruction in Instructions::of_encoder(true).take(bytes, true) {
            let text = shown(&instruction);
            assert!(!text.contains("secret"), "{text}");
            assert!(text.contains(r#""value_length":6"#), "{text}");
        }
    }

    /// RFC 9204 appendix B.3 has a line of each kind of index; the others follow it here.
    #[test]
    fn sections_are_shown_line_by_line() {
        let mut out = String::new();
        let encoded = b"\x05\x00\x80\xc1\x81\x10\x51\x02ab\x41\x00\x08\x00\x31n\x01v";
        Object::write(&mut out, |data| write_section(data, encoded));
        assert!(
            out.contains(r#""block_prefix":{"required_insert_count":5,"sign_bit":false"#),
            "{out}"
        );
        for (kind, count) in
            [("indexed_header", 4), ("literal_with_name", 3), ("literal_without_name", 1)]
        {
            assert_eq!(out.matches(kind).count(), count, "{kind} in {out}");
        }
        assert_eq!(out.matches(r#""table_type":"static""#).count(), 2, "{out}");
        assert_eq!(out.matches(r#""is_post_base":true"#).count(), 2, "{out}");
    }

    /// Whatever the bytes, the text stays JSON.
    #[test]
    fn a_section_that_is_cut_is_shown_as_far_as_it_goes() {
        let encoded = b"\x05\x00\x80\xc1\x81\x10\x51\x02ab";
        for len in 0..encoded.len() {
            let mut out = String::new();
            Object::write(&mut out, |data| write_section(data, &encoded[..len]));
            assert_eq!(out.matches(['{', '[']).count(), out.matches(['}', ']']).count());
        }
    }
}
