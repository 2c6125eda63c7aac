//! What an HTTP/3 connection tells its trace, which is that of the transport. A hook is one test
//! where there is no trace.

mod data;

use crate::http3::frame::{FrameHeader, FrameType};
use crate::http3::priority::Priority;
use crate::http3::qpack::{
    write_section, Decoder, Encoder, Field, Instruction, Instructions, TableWatch,
};
use crate::http3::settings::Settings;
use crate::observe::{Kind, SharedTrace};
use crate::time::Instant;
use crate::wire::StreamId;

use data::{priority_text, write_fields, write_frame, write_settings};

/// Who says something: this end or the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http3) enum Owner {
    Local,
    Remote,
}

impl Owner {
    const fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Remote => "remote",
        }
    }

    const fn frame_event(self) -> Kind {
        match self {
            Self::Local => Kind::HttpFrameCreated,
            Self::Remote => Kind::HttpFrameParsed,
        }
    }

    const fn instruction_event(self) -> Kind {
        match self {
            Self::Local => Kind::QpackInstructionCreated,
            Self::Remote => Kind::QpackInstructionParsed,
        }
    }

    const fn section_event(self) -> Kind {
        match self {
            Self::Local => Kind::QpackHeadersEncoded,
            Self::Remote => Kind::QpackHeadersDecoded,
        }
    }
}

/// A trace, and what of QPACK was last told in it.
#[derive(Debug)]
pub(in crate::http3) struct Tracer {
    trace: SharedTrace,
    /// The table that we send with.
    encoder: TableWatch,
    /// The table that the peer sends with.
    decoder: TableWatch,
    /// The streams that instructions come on may be cut anywhere.
    from_encoder: Instructions,
    from_decoder: Instructions,
}

impl Tracer {
    /// Nothing was told yet.
    pub fn new(trace: SharedTrace, encoder: &Encoder, decoder: &Decoder) -> Self {
        Self {
            trace,
            encoder: TableWatch::new(Owner::Local.name()),
            decoder: TableWatch::new(Owner::Remote.name()),
            from_encoder: Instructions::of_encoder(decoder.is_between_instructions()),
            from_decoder: Instructions::of_decoder(encoder.is_between_instructions()),
        }
    }

    /// The time of what follows.
    pub fn set_time(&self, now: Instant) {
        self.trace.set_time(now);
    }

    /// The settings of an end are known.
    #[cold]
    pub fn settings(&self, owner: Owner, settings: &Settings) {
        self.trace.event(Kind::HttpParametersSet, |data| {
            data.text("owner", owner.name());
            write_settings(data, settings);
        });
    }

    /// It is known what a stream is for.
    #[cold]
    pub fn stream_type(&self, owner: Owner, id: Option<StreamId>, name: &'static str) {
        let Some(StreamId(id)) = id else { return };
        self.trace.event(Kind::HttpStreamTypeSet, |data| {
            data.text("owner", owner.name()).number("stream_id", id).text("stream_type", name);
        });
    }

    /// A frame of a control stream, or one that nobody knows, was written or came. Its stream may
    /// not be open yet.
    #[cold]
    pub fn frame(&self, owner: Owner, id: Option<StreamId>, header: FrameHeader, content: &[u8]) {
        self.trace.event(owner.frame_event(), |data| {
            if let Some(StreamId(id)) = id {
                data.number("stream_id", id);
            }
            data.number("length", header.len);
            data.object("frame", |frame| write_frame(frame, header.kind, content));
        });
    }

    /// A DATA frame was written, or begins to come.
    #[cold]
    pub fn data(&self, owner: Owner, StreamId(id): StreamId, len: u64) {
        self.trace.event(owner.frame_event(), |data| {
            data.number("stream_id", id).number("length", len);
            data.object("frame", |frame| {
                frame.text("frame_type", "data");
            });
        });
    }

    /// A field section was written, or has come and was decoded; `encoded` is what it was on the
    /// wire.
    #[cold]
    pub fn section<'a>(
        &self,
        owner: Owner,
        StreamId(id): StreamId,
        fields: impl Iterator<Item = Field<'a>> + Clone,
        encoded: &[u8],
    ) {
        self.trace.event(owner.section_event(), |data| {
            data.number("stream_id", id);
            data.array("headers", |array| write_fields(array, fields.clone()));
            write_section(data, encoded);
            data.number("length", encoded.len() as u64);
        });
        self.trace.event(owner.frame_event(), |data| {
            data.number("stream_id", id).number("length", encoded.len() as u64);
            data.object("frame", |frame| {
                frame.text("frame_type", "headers");
                frame.array("headers", |array| write_fields(array, fields));
            });
        });
    }

    /// A request got another priority.
    #[cold]
    pub fn priority(&self, StreamId(id): StreamId, priority: &Priority) {
        self.trace.event(Kind::HttpPriorityUpdated, |data| {
            data.number("stream_id", id).text("new", priority_text(priority));
        });
    }

    /// A field section begins to wait for the peer's table, or no longer does.
    #[cold]
    pub fn blocked(&self, StreamId(id): StreamId, blocked: bool) {
        self.trace.event(Kind::QpackStreamStateUpdated, |data| {
            let state = if blocked { "blocked" } else { "unblocked" };
            data.number("stream_id", id).text("state", state);
        });
    }

    /// Instructions of our encoder are about to be sent.
    #[cold]
    pub fn encoder_says(&mut self, encoder: &mut Encoder) {
        let written = Instructions::of_encoder(true).take(encoder.instructions(), true);
        self.instructions(Owner::Local, written);
        self.encoder.look(&self.trace, encoder);
    }

    /// Instructions of our decoder are about to be sent.
    #[cold]
    pub fn decoder_says(&mut self, decoder: &mut Decoder) {
        let written = Instructions::of_decoder(true).take(decoder.instructions(), true);
        self.instructions(Owner::Local, written);
    }

    /// Bytes of the peer's encoder stream were taken in.
    #[cold]
    pub fn encoder_said(&mut self, bytes: &[u8], decoder: &Decoder) {
        let whole = decoder.is_between_instructions();
        if self.trace.wants(Kind::QpackInstructionParsed) {
            let came = self.from_encoder.take(bytes, whole);
            self.instructions(Owner::Remote, came);
        } else {
            self.from_encoder.pass_over(whole);
        }
        self.decoder.look(&self.trace, decoder);
    }

    /// Bytes of the peer's decoder stream were taken in.
    #[cold]
    pub fn decoder_said(&mut self, bytes: &[u8], encoder: &Encoder) {
        let whole = encoder.is_between_instructions();
        if self.trace.wants(Kind::QpackInstructionParsed) {
            let came = self.from_decoder.take(bytes, whole);
            self.instructions(Owner::Remote, came);
        } else {
            self.from_decoder.pass_over(whole);
        }
        self.encoder.look(&self.trace, encoder);
    }

    fn instructions(&self, owner: Owner, list: Vec<Instruction>) {
        for instruction in list {
            self.trace.event(owner.instruction_event(), |data| {
                data.object("instruction", |data| instruction.write(data));
            });
        }
    }
}

/// The header of a frame whose content is `content`.
pub(in crate::http3) fn header_of(kind: FrameType, content: &[u8]) -> FrameHeader {
    FrameHeader { kind, len: content.len() as u64 }
}
