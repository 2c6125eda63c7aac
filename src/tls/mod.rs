//! BoringSSL: the handshake through its QUIC callbacks, packet protection, header protection.
