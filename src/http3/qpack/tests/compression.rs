//! How small header sets become.

use super::*;

type List = Vec<(Vec<u8>, Vec<u8>)>;

/// Reads header lists in the QIF format: a line for each field with a tab between name and value,
/// and an empty line behind each list.
fn lists(text: &[u8]) -> Vec<List> {
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

/// Bytes of both the encoder stream and all sections, checked by decoding them.
fn encoded_size(lists: &[List], capacity: u64, max_blocked: u64, acknowledged: bool) -> usize {
    let mut pair = Pair::new(capacity, max_blocked);
    let mut size = 0;
    for (stream, list) in (0..).step_by(4).zip(lists) {
        let fields: Vec<_> = list.iter().map(|(name, value)| Field::new(name, value)).collect();
        let bytes = pair.encode(stream, &fields);
        size += bytes.len() + pair.encoder.instructions().len();
        if max_blocked > 0 {
            pair.carry_instructions();
        }
        let section = decode(&mut pair.decoder, stream, &bytes).unwrap();
        let same = |(a, b): (Field<'_>, &Field<'_>)| a.name == b.name && a.value == b.value;
        assert!(section.len() == fields.len() && section.iter().zip(&fields).all(same));
        pair.carry_instructions();
        if acknowledged {
            pair.carry_answers();
        }
    }
    size
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

/// Sets, capacities, and the sizes that ls-qpack (pylsqpack 1.0) makes of them with 100 streams that
/// may be blocked; its encoder is told of the decoder's answers after each list, as ours is.
const LS_QPACK: [(&str, u64, usize); 8] = [
    ("requests", 256, 18_937),
    ("requests", 512, 12_471),
    ("requests", 4096, 5713),
    ("requests", 16384, 4958),
    ("responses", 256, 20_404),
    ("responses", 512, 13_574),
    ("responses", 4096, 9049),
    ("responses", 16384, 6776),
];

#[test]
fn header_sets_become_as_small_as_with_ls_qpack() {
    let (requests, responses) = (requests(), responses());
    for (set, capacity, theirs) in LS_QPACK {
        let text = if set == "requests" { &requests } else { &responses };
        let ours = encoded_size(&lists(text.as_bytes()), capacity, 100, true);
        println!("{set}, {capacity} bytes: {ours}, ls-qpack {theirs}");
        assert!(ours * 100 <= theirs * 103, "{set} {capacity}: {ours}, {theirs}");
    }
}

/// What is inserted and never acknowledged costs little.
#[test]
fn a_decoder_that_never_answers_costs_a_few_insertions() {
    let text = requests();
    let lists = lists(text.as_bytes());
    let without = encoded_size(&lists, 0, 0, false);
    let with = encoded_size(&lists, 4096, 0, false);
    assert!(with * 100 <= without * 103, "{with} {without}");
}

/// Prints our sizes beside those of the encodings that were published for the QPACK offline
/// interop, for a directory with a copy of the repository `qpackers/qifs`:
///
///     QIFS=/some/where cargo test --release --lib offline_interop -- --ignored --nocapture
#[test]
#[ignore = "needs the data of the QPACK offline interop"]
fn offline_interop() {
    let folder = std::path::PathBuf::from(std::env::var("QIFS").unwrap());
    for set in ["netbsd", "netbsd-hq", "fb-req", "fb-req-hq", "fb-resp", "fb-resp-hq"] {
        let lists = lists(&std::fs::read(folder.join(format!("qifs/{set}.qif"))).unwrap());
        for capacity in [256, 512, 4096] {
            for (max_blocked, acknowledged) in [(0, false), (0, true), (100, false), (100, true)] {
                let parameters = Parameters { capacity, max_blocked, acknowledged };
                let ours = encoded_size(&lists, capacity, max_blocked, acknowledged);
                let (best, who) = parameters.best_published(&folder, set).unwrap();
                let more = (ours as f64 / best as f64 - 1.0) * 100.0;
                let mode = u8::from(acknowledged);
                println!(
                    "{set}.{capacity}.{max_blocked}.{mode}: {ours}, {who} {best}, {more:+.1} %"
                );
            }
        }
    }
}

struct Parameters {
    capacity: u64,
    max_blocked: u64,
    acknowledged: bool,
}

impl Parameters {
    fn best_published(&self, folder: &std::path::Path, set: &str) -> Option<(usize, String)> {
        let Self { capacity, max_blocked, acknowledged } = self;
        let mode = u8::from(*acknowledged);
        let name = format!("{set}.out.{capacity}.{max_blocked}.{mode}");
        let encoders = std::fs::read_dir(folder.join("encoded/qpack-05")).unwrap();
        let size = |encoder: std::fs::DirEntry| {
            let bytes = std::fs::read(encoder.path().join(&name)).ok()?;
            Some((self.legal_size(&bytes)?, encoder.file_name().into_string().ok()?))
        };
        encoders.filter_map(|encoder| size(encoder.ok()?)).min()
    }

    /// Bytes of all sections and of the encoder stream, without the lengths between them. `None` for
    /// an encoding with more streams at risk of being blocked than allowed (RFC 9204 section
    /// 2.1.2), of which there are some.
    fn legal_size(&self, mut bytes: &[u8]) -> Option<usize> {
        let mut decoder = Decoder::new(self.capacity, u64::MAX);
        let capacity_first = {
            let mut out = Vec::new();
            super::super::prefix_int::encode(self.capacity, 5, 0x20, &mut out);
            out
        };
        decoder.on_encoder_stream(&capacity_first).unwrap();
        let (mut size, mut at_risk, mut known, mut waiting) = (0, 0, 0, Vec::new());
        while let Some((stream, rest)) = bytes.split_first_chunk::<8>() {
            let (len, rest) = rest.split_first_chunk::<4>()?;
            let (piece, rest) = rest.split_at_checked(u32::from_be_bytes(*len) as usize)?;
            bytes = rest;
            size += piece.len();
            if u64::from_be_bytes(*stream) == 0 {
                waiting.extend_from_slice(piece);
                continue;
            }
            decoder.on_encoder_stream(&std::mem::take(&mut waiting)).ok()?;
            let mut reader = crate::wire::Reader::new(piece);
            let inserted = decoder.insert_count();
            let prefix =
                super::super::section::Prefix::decode(&mut reader, self.capacity / 32, inserted);
            at_risk += u64::from(prefix.ok()?.required_insert_count > known);
            if self.acknowledged {
                if self.max_blocked == 0 && at_risk > 0 {
                    return None;
                }
                (known, at_risk) = (inserted, 0);
            }
        }
        (at_risk <= self.max_blocked).then_some(size)
    }
}
