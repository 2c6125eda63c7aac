//! How small header sets become.

use super::*;

pub(super) type List = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads header lists in the QIF format: a line for each field with a tab between name and value,
/// and an empty line behind each list.
pub(super) fn lists(text: &[u8]) -> Vec<List> {
    let mut lists = vec![List::new()];
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.starts_with(b"#")) {
        match line.iter().position(|byte| *byte == b'\t') {
            Some(tab) => {
                let field = (line[..tab].to_vec(), line[tab + 1..].to_vec());
                lists.last_mut().unwrap().push(field);
            }
            None => lists.push(List::new()),
        }
    }
    lists.retain(|list| !list.is_empty());
    lists
}

/// What the decoder at the other end grants and does.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) capacity: u64,
    pub(super) max_blocked: u64,
    /// It answers each section at once; else it never answers.
    pub(super) acknowledged: bool,
}

/// A piece of the encoder stream, which has number 0, or a section.
pub(super) type Block = (u64, Vec<u8>);

impl Mode {
    const fn new(capacity: u64, max_blocked: u64, acknowledged: bool) -> Self {
        Self { capacity, max_blocked, acknowledged }
    }

    /// Encodes lists of fields, and checks that they come back.
    pub(super) fn encode(&self, lists: &[List]) -> Vec<Block> {
        let mut pair = Pair::new(self.capacity, self.max_blocked);
        let mut blocks = Vec::new();
        for (stream, list) in (1..).zip(lists) {
            let fields: Vec<_> = list.iter().map(|(name, value)| Field::new(name, value)).collect();
            let bytes = pair.encode(stream, &fields);
            blocks.push((0, pair.encoder.instructions().clone()));
            if self.max_blocked > 0 {
                pair.carry_instructions();
            }
            let section = decode(&mut pair.decoder, stream, &bytes).unwrap();
            assert!(is_same(&section, list));
            pair.carry_instructions();
            if self.acknowledged {
                pair.carry_answers();
            }
            blocks.push((stream, bytes));
        }
        blocks
    }

    fn encoded_size(&self, lists: &[List]) -> usize {
        size(&self.encode(lists))
    }
}

/// Bytes of both the encoder stream and all sections.
pub(super) fn size(blocks: &[Block]) -> usize {
    blocks.iter().map(|(_, bytes)| bytes.len()).sum()
}

pub(super) fn is_same(section: &FieldSection, list: &List) -> bool {
    let same = |(a, b): (Field<'_>, &(Vec<u8>, Vec<u8>))| a.name == b.0 && a.value == b.1;
    section.len() == list.len() && section.iter().zip(list).all(same)
}

/// Requests of a browser that loads a page with all that belongs to it, from two hosts.
fn requests() -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for round in 0..120_u32 {
        let host = if round % 5 == 4 { "static.example.net" } else { "www.example.org" };
        let (accept, kind) = match round % 4 {
            0 => ("text/css,*/*;q=0.1", "css"),
            1 => ("*/*", "js"),
            _ => ("image/avif,image/webp,*/*;q=0.8", "png"),
        };
        write!(
            text,
            ":method\tGET\n:scheme\thttps\n:authority\t{host}\n\
             :path\t/assets/{kind}/{:08x}.{kind}\n\
             user-agent\tMozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\n\
             accept\t{accept}\naccept-language\ten-GB,en;q=0.7,de;q=0.3\n\
             accept-encoding\tgzip, deflate, br, zstd\nreferer\thttps://www.example.org/page/{}\n\
             cookie\tsession=7f3a9c52d81e4b60\ncookie\ttheme=dark\ndnt\t1\nx-visit\t{}\n\n",
            round.wrapping_mul(2_654_435_761),
            round / 40,
            round.wrapping_mul(40_503) % 9973,
        )
        .unwrap();
    }
    text
}

/// Responses to such requests.
fn responses() -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for round in 0..120_u32 {
        let kind = ["text/css; charset=utf-8", "text/javascript", "image/png"][round as usize % 3];
        let noise = round.wrapping_mul(2_654_435_761);
        write!(
            text,
            ":status\t200\nserver\tan example/2.1\ndate\tMon, 03 Jun 2024 10:15:{:02} GMT\n\
             content-type\t{kind}\ncontent-length\t{}\ncache-control\tpublic, max-age=86400\n\
             etag\t\"{noise:08x}-{:x}\"\nlast-modified\tSun, {:02} May 2024 08:00:00 GMT\n\
             x-request-id\t{:08x}{noise:08x}\nvary\tAccept-Encoding\n\
             alt-svc\th3=\":443\"; ma=86400\nreport-to\tdefault; https://report.example.org/r\n\n",
            round / 8,
            noise % 60_000,
            noise % 4093,
            1 + round % 9,
            noise.rotate_left(9),
        )
        .unwrap();
    }
    text
}

/// Capacities, and the sizes that ls-qpack (pylsqpack 1.0) makes of requests and responses, each with
/// 100 streams that may be blocked and a decoder that answers, with such a decoder that never
/// answers, and with one that never answers and whose streams may not be blocked.
const LS_QPACK: [(u64, [usize; 3], [usize; 3]); 4] = [
    (256, [18_937, 22_635, 26_839], [20_404, 22_880, 24_971]),
    (512, [12_471, 19_840, 26_903], [13_574, 19_919, 25_051]),
    (4096, [5713, 15_546, 27_502], [9049, 16_431, 25_911]),
    (16384, [4958, 8630, 27_856], [6776, 10_019, 26_921]),
];

#[test]
fn header_sets_become_as_small_as_with_ls_qpack() {
    let (requests, responses) = (requests(), responses());
    for (capacity, of_requests, of_responses) in LS_QPACK {
        for (text, sizes) in [(&requests, of_requests), (&responses, of_responses)] {
            let lists = lists(text.as_bytes());
            for (max_blocked, acknowledged, theirs) in
                [(100, true, sizes[0]), (100, false, sizes[1]), (0, false, sizes[2])]
            {
                let ours = Mode::new(capacity, max_blocked, acknowledged).encoded_size(&lists);
                println!("{capacity} {max_blocked} {acknowledged}: {ours}, ls-qpack {theirs}");
                assert!(ours * 100 <= theirs * 103, "{ours}, {theirs}");
            }
        }
    }
}

/// What is inserted and never acknowledged costs little.
#[test]
fn a_decoder_that_never_answers_costs_a_few_insertions() {
    for text in [requests(), responses()] {
        let lists = lists(text.as_bytes());
        let without = Mode::new(0, 0, false).encoded_size(&lists);
        for capacity in [256, 512, 4096, 16384] {
            let with = Mode::new(capacity, 0, false).encoded_size(&lists);
            assert!(with <= without + 100, "{with} {without}");
        }
    }
}

/// In a full table an entry is not evicted by its own copy for a section that may not refer to the
/// copy: that section would do without.
#[test]
fn what_comes_always_is_found_always_in_a_full_table() {
    let always = [REQUEST[4], REQUEST[2], REQUEST[5]];
    let size: u64 = always.iter().map(Field::size).sum();
    for capacity in [size, size + 20, size + 60, size * 2, size * 3] {
        let mut pair = Pair::new(capacity, 0);
        for round in 0..400_u64 {
            // So that there is a need for room.
            let other = format!("{:x}", (round / 2).wrapping_mul(0x9e37_79b9));
            let [a, b, c] = always;
            let bytes = pair.roundtrip(4 * round, &[a, b, c, Field::new(b"x-b", other.as_bytes())]);
            assert!(round < 3 || bytes < 24, "{capacity}, {round}: {bytes}");
        }
    }
}
