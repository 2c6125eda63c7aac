//! Priorities on a path that is too slow for all (RFC 9218 section 10).

use super::link::Weather;
use super::pair::{Options, Pair};
use crate::connection::Settings;
use crate::stream::StreamKey;
use crate::time::{Duration, Instant};
use crate::wire::{Direction, StreamId};

/// Bytes a second: 20 Mbit/s.
const RATE: u64 = 2_500_000;

/// A megabyte takes 0.4 s on this path.
const MEGABYTE: usize = 1_000_000;

/// What the server sends on one stream.
struct Download {
    urgency: u8,
    incremental: bool,
    len: usize,
    key: Option<StreamKey>,
    left: usize,
    received: usize,
    finished: Option<Instant>,
}

impl Download {
    fn new(urgency: u8, incremental: bool, len: usize) -> Self {
        let (key, left, received, finished) = (None, len, 0, None);
        Self { urgency, incremental, len, key, left, received, finished }
    }
}

fn pair() -> Pair {
    let latency = Duration::from_millis(20);
    let weather = Weather { rate: RATE, queue: RATE / 10, latency, ..Weather::default() };
    let client = Settings {
        initial_max_data: 16 << 20,
        initial_max_stream_data: 16 << 20,
        ..Settings::default()
    };
    Pair::established_with(Options { client, weather, ..Options::default() })
}

/// Lets the server begin `download`: opens its stream and says how urgent it is.
fn begin(pair: &mut Pair, download: &mut Download) {
    let streams = pair.server.connection.streams_mut();
    let key = streams.open(Direction::Bidirectional).unwrap();
    streams.set_priority(key, download.urgency, download.incremental).unwrap();
    download.key = Some(key);
}

/// Gives the server's streams what they take, and counts what the client has.
fn pump(pair: &mut Pair, downloads: &mut [Download]) {
    let now = pair.now;
    for download in downloads {
        let Some(key) = download.key else { continue };
        let streams = pair.server.connection.streams_mut();
        while download.left > 0 {
            let written = streams.write(key, &[7; 4096][..download.left.min(4096)], false).unwrap();
            download.left -= written;
            if written == 0 {
                break;
            }
        }
        let StreamId(id) = streams.id(key).unwrap();
        let client = pair.client.connection.streams_mut();
        let Some(key) = client.key(StreamId(id)) else { continue };
        while let Ok(read) = client.read(key, &mut [0; 4096]) {
            download.received += read.len;
        }
        if download.received == download.len {
            download.finished.get_or_insert(now);
        }
    }
}

/// Begins all of `downloads`, in order, and runs until the one at `until` is complete or for `span`.
/// Returns how long that took.
fn run(pair: &mut Pair, downloads: &mut [Download], span: Duration, until: usize) -> Duration {
    let start = pair.now;
    for download in downloads.iter_mut().filter(|download| download.key.is_none()) {
        begin(pair, download);
    }
    pair.run(span, |pair| {
        pump(pair, downloads);
        downloads[until].finished.is_some()
    });
    pair.now.saturating_since(start)
}

const TEN_SECONDS: Duration = Duration::from_secs(10);

/// How long the client waits for `last`, which begins 300 ms after `first`, and how much of `first`
/// came meanwhile.
fn wait_behind(first: Option<Download>, last: Download) -> (Duration, usize) {
    let mut pair = pair();
    let mut downloads: Vec<_> = first.into_iter().collect();
    if !downloads.is_empty() {
        run(&mut pair, &mut downloads, Duration::from_millis(300), 0);
    }
    let already = downloads.first().map_or(0, |first| first.received);
    downloads.push(last);
    let until = downloads.len() - 1;
    let waited = run(&mut pair, &mut downloads, TEN_SECONDS, until);
    assert!(downloads[until].finished.is_some());
    (waited, downloads[0].received - already)
}

// What had been sent before the urgent one began fills the window and the queue once. All that less
// urgent downloads get besides is every 64th turn.
#[test]
fn a_low_urgency_download_does_not_delay_a_high_urgency_one() {
    let urgent = || Download::new(1, false, MEGABYTE);
    let (alone, _) = wait_behind(None, urgent());
    for incremental in [false, true] {
        let low = Download::new(6, incremental, 20 * MEGABYTE);
        let (behind, meanwhile) = wait_behind(Some(low), urgent());
        assert!(behind <= alone + alone.div(10), "{behind:?} instead of {alone:?}");
        assert!(meanwhile < MEGABYTE * 3 / 10, "{meanwhile}");
    }
}

// RFC 9218 section 10: the bandwidth is shared, although one of them was there first and had filled
// the buffers.
#[test]
fn a_late_incremental_download_gets_its_half() {
    let (waited, meanwhile) =
        wait_behind(Some(Download::new(3, true, 20 * MEGABYTE)), Download::new(3, true, MEGABYTE));
    assert!(waited < Duration::from_millis(1_100), "{waited:?}");
    assert!((MEGABYTE * 8 / 10..MEGABYTE * 15 / 10).contains(&meanwhile), "{meanwhile}");
}

// RFC 9218 section 10.
#[test]
fn incremental_downloads_share() {
    let (mut pair, mut downloads) = (pair(), [(); 3].map(|()| Download::new(3, true, MEGABYTE)));
    run(&mut pair, &mut downloads, TEN_SECONDS, 0);
    let received = downloads.each_ref().map(|download| download.received);
    assert!(received.iter().all(|received| *received > MEGABYTE * 9 / 10), "{received:?}");
}

// RFC 9218 section 10.
#[test]
fn other_downloads_go_one_after_the_other_by_their_ids() {
    let (mut pair, mut downloads) = (pair(), [(); 3].map(|()| Download::new(3, false, MEGABYTE)));
    for index in 0..3 {
        run(&mut pair, &mut downloads, TEN_SECONDS, index);
        let received = downloads.each_ref().map(|download| download.received);
        assert!(received[..=index].iter().all(|received| *received == MEGABYTE), "{received:?}");
        assert!(received[index + 1..].iter().sum::<usize>() < MEGABYTE / 10, "{received:?}");
    }
}

// RFC 9218 section 10: a large response that does not take turns holds up none that does, nor the
// other way round.
#[test]
fn neither_kind_waits_for_the_end_of_the_other() {
    for incremental in [false, true] {
        let large = Download::new(3, incremental, 20 * MEGABYTE);
        let (waited, _) = wait_behind(Some(large), Download::new(3, !incremental, MEGABYTE / 10));
        assert!(waited < Duration::from_millis(400), "{waited:?}");
    }
}

// RFC 9218 section 10.
#[test]
fn the_least_urgent_download_goes_on_while_an_urgent_one_has_no_end() {
    let mut pair = pair();
    let urgencies = [0, 3, 7].map(|urgency| Download::new(urgency, true, 50 * MEGABYTE));
    let mut downloads = urgencies;
    run(&mut pair, &mut downloads, Duration::from_secs(3), 0);
    let received = downloads.each_ref().map(|download| download.received as f64);
    let all: f64 = received.iter().sum();
    assert!(received[0] > 0.95 * all, "{received:?}");
    assert!(received[1] > 0.005 * all && received[2] > 0.005 * all, "{received:?}");
}

// RFC 9218 section 7.
#[test]
fn a_download_overtakes_when_it_becomes_urgent() {
    let mut pair = pair();
    let mut downloads = [5, 6].map(|urgency| Download::new(urgency, false, 4 * MEGABYTE));
    run(&mut pair, &mut downloads, Duration::from_millis(500), 0);
    let key = downloads[1].key.unwrap();
    pair.server.connection.streams_mut().set_priority(key, 4, false).unwrap();
    run(&mut pair, &mut downloads, TEN_SECONDS, 1);
    assert!(downloads[1].finished.is_some());
    assert!(downloads[0].received < 2 * MEGABYTE, "{}", downloads[0].received);
}
