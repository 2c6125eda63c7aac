//! A host's callbacks for datagrams, whichever protocol it speaks over them.

use libc::c_void;

use crate::time::Instant;

use super::abi::{
    xqc_connection_t, xqc_datagram_callbacks_t, xqc_h3_conn_t, xqc_h3_ext_dgram_callbacks_t,
    XQC_DGRAM_RETX_ASKED_BY_APP,
};
use super::cells::{Application, ConnectionCell, Known};

/// Who hears of the datagrams of a connection.
#[derive(Clone, Copy)]
pub(super) struct Host<'a> {
    connection: &'a ConnectionCell,
    callbacks: Callbacks<'a>,
}

#[derive(Clone, Copy)]
enum Callbacks<'a> {
    /// An application protocol of the host's own.
    Own(&'a xqc_datagram_callbacks_t, *mut xqc_connection_t),
    /// Extended HTTP/3.
    Http3(&'a xqc_h3_ext_dgram_callbacks_t, *mut xqc_h3_conn_t),
}

impl<'a> Host<'a> {
    /// `None` if the host does not know the connection, or speaks plain HTTP/3, which has no
    /// datagrams.
    pub fn of(connection: &'a ConnectionCell) -> Option<Self> {
        if connection.known.get() != Known::Created {
            return None;
        }
        let callbacks = match connection.application.get()? {
            Application::Host(callbacks) => {
                Callbacks::Own(&callbacks.dgram_cbs, connection.as_ptr())
            }
            Application::Http3(h3) if h3.protocol.extended => {
                Callbacks::Http3(&h3.protocol.callbacks.h3_ext_dgram_cbs, h3.as_ptr())
            }
            Application::Http3(_) => return None,
        };
        Some(Self { connection, callbacks })
    }

    fn user_data(&self) -> *mut c_void {
        self.connection.datagram_user_data.get()
    }

    /// True if [`Self::lost`] asks anybody.
    pub fn hears_of_losses(&self) -> bool {
        match self.callbacks {
            Callbacks::Own(callbacks, _) => callbacks.datagram_lost_notify.is_some(),
            Callbacks::Http3(callbacks, _) => callbacks.dgram_lost_notify.is_some(),
        }
    }

    /// True if [`Self::size_updated`] tells anybody.
    pub fn hears_of_sizes(&self) -> bool {
        match self.callbacks {
            Callbacks::Own(callbacks, _) => callbacks.datagram_mss_updated_notify.is_some(),
            Callbacks::Http3(callbacks, _) => callbacks.dgram_mss_updated_notify.is_some(),
        }
    }

    /// Datagrams can be sent again.
    pub fn writable(&self) {
        let user_data = self.user_data();
        match self.callbacks {
            Callbacks::Own(callbacks, handle) => {
                if let Some(notify) = callbacks.datagram_write_notify {
                    // SAFETY: the host gave this function; the handle is good.
                    unsafe { notify(handle, user_data) };
                }
            }
            Callbacks::Http3(callbacks, handle) => {
                if let Some(notify) = callbacks.dgram_write_notify {
                    // SAFETY: as above.
                    unsafe { notify(handle, user_data) };
                }
            }
        }
    }

    /// The largest datagram has another size.
    pub fn size_updated(&self, size: usize) {
        let user_data = self.user_data();
        match self.callbacks {
            Callbacks::Own(callbacks, handle) => {
                if let Some(notify) = callbacks.datagram_mss_updated_notify {
                    // SAFETY: as above.
                    unsafe { notify(handle, size, user_data) };
                }
            }
            Callbacks::Http3(callbacks, handle) => {
                if let Some(notify) = callbacks.dgram_mss_updated_notify {
                    // SAFETY: as above.
                    unsafe { notify(handle, size, user_data) };
                }
            }
        }
    }

    /// A datagram was acknowledged.
    pub fn acked(&self, number: u64) {
        let user_data = self.user_data();
        match self.callbacks {
            Callbacks::Own(callbacks, handle) => {
                if let Some(notify) = callbacks.datagram_acked_notify {
                    // SAFETY: as above.
                    unsafe { notify(handle, number, user_data) };
                }
            }
            Callbacks::Http3(callbacks, handle) => {
                if let Some(notify) = callbacks.dgram_acked_notify {
                    // SAFETY: as above.
                    unsafe { notify(handle, number, user_data) };
                }
            }
        }
    }

    /// A datagram was lost; true if it is to be sent again.
    pub fn lost(&self, number: u64) -> bool {
        let user_data = self.user_data();
        let answer = match self.callbacks {
            Callbacks::Own(callbacks, handle) => callbacks.datagram_lost_notify.map(|notify| {
                // SAFETY: as above.
                unsafe { notify(handle, number, user_data) }
            }),
            Callbacks::Http3(callbacks, handle) => callbacks.dgram_lost_notify.map(|notify| {
                // SAFETY: as above.
                unsafe { notify(handle, number, user_data) }
            }),
        };
        answer == Some(XQC_DGRAM_RETX_ASKED_BY_APP)
    }

    /// A datagram came at `came`. Of HTTP/3 the host is told how long ago that was.
    pub fn read(&self, data: &[u8], came: Instant, now: impl FnOnce() -> Instant) {
        let (bytes, len, user_data) = (data.as_ptr().cast(), data.len(), self.user_data());
        match self.callbacks {
            Callbacks::Own(callbacks, handle) => {
                if let Some(notify) = callbacks.datagram_read_notify {
                    // SAFETY: as above; the bytes are good for the call.
                    unsafe { notify(handle, user_data, bytes, len, came.as_micros()) };
                }
            }
            Callbacks::Http3(callbacks, handle) => {
                if let Some(notify) = callbacks.dgram_read_notify {
                    let ago = now().saturating_since(came).as_micros();
                    // SAFETY: as above.
                    unsafe { notify(handle, bytes, len, user_data, ago) };
                }
            }
        }
    }
}
