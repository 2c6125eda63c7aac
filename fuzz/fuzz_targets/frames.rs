#![no_main]
//! Frames, in packets of every type.

use libfuzzer_sys::fuzz_target;
use xquic::wire::frame::Frame;
use xquic::wire::{PacketType, Reader};

const TYPES: [PacketType; 4] =
    [PacketType::Initial, PacketType::ZeroRtt, PacketType::Handshake, PacketType::OneRtt];

fuzz_target!(|data: &[u8]| {
    for packet_type in TYPES {
        let mut reader = Reader::new(data);
        while !reader.is_empty() {
            let before = reader.remaining();
            let Ok(frame) = Frame::decode_in(&mut reader, packet_type) else { break };
            assert!(reader.remaining() < before, "a frame without bytes");
            if let Frame::Ack(ack) = frame {
                let mut last = None;
                for range in ack.iter() {
                    assert!(range.start() <= range.end());
                    assert!(last.is_none_or(|last| *range.end() < last), "ranges go down");
                    last = Some(*range.start());
                }
            }
        }
    }
});
