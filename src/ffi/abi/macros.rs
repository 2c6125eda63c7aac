//! How C enums and opaque handles are written in Rust.
//!
//! The header generator reads the same text: it drops the macro's wrapper, so that what stands
//! inside must look like an ordinary Rust item, one enumerator or handle per line.

/// A C enum that is safe to receive from C.
///
/// A Rust enum must never hold a value it does not name, while a C caller may pass any integer.
/// So the Rust type is a transparent integer, each enumerator is a constant of that type, and only
/// the generated header shows an `enum`. Constants work as `match` patterns; the wildcard arm is
/// then the honest answer to an unknown value.
macro_rules! c_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $value:expr,)+
        }
    ) => {
        $(#[$meta])*
        #[repr(transparent)]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub core::ffi::c_uint);

        $($(#[$variant_meta])* pub const $variant: $name = $name($value);)+

        impl $name {
            /// The enumerator's name in C; `None` for a value that the header does not define.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $($variant => Some(stringify!($variant)),)+
                    _ => None,
                }
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!(stringify!($name), "({})"), self.0),
                }
            }
        }

        impl TryFrom<core::ffi::c_int> for $name {
            type Error = $crate::ffi::abi::UnknownValue;

            fn try_from(value: core::ffi::c_int) -> Result<Self, Self::Error> {
                let candidate = $name(value as core::ffi::c_uint);
                match candidate.name() {
                    Some(_) => Ok(candidate),
                    None => Err($crate::ffi::abi::UnknownValue(value)),
                }
            }
        }

        // SAFETY: a transparent integer; every bit pattern is a value.
        unsafe impl $crate::ffi::abi::Zeroable for $name {}
    };
}

/// Error enums negate to what the functions return: `-XQC_EAGAIN` is an `xqc_int_t`, as in C.
macro_rules! negatable {
    ($($name:ident),+ $(,)?) => {
        $(impl core::ops::Neg for $name {
            type Output = $crate::ffi::abi::xqc_int_t;

            fn neg(self) -> Self::Output {
                -(self.0 as $crate::ffi::abi::xqc_int_t)
            }
        })+
    };
}

/// Handle types that C only ever holds pointers to.
///
/// Such a type has no size, cannot be made or moved by Rust code, and is neither `Send` nor
/// `Sync`. The layer above casts the pointer to the cell it handed out (`ptr.cast::<Cell>()`), and
/// casts the cell's address back when it calls C.
macro_rules! opaque {
    ($($(#[$meta:meta])* pub struct $name:ident;)+) => {
        $($(#[$meta])*
        #[repr(C)]
        pub struct $name {
            _no_size: [u8; 0],
            _pinned: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
        })+
    };
}

/// Structs for which all bytes zero is a value: integers, floats, pointers, optional callbacks and
/// arrays of these.
macro_rules! zeroable {
    ($($name:ident),+ $(,)?) => {
        // SAFETY: every field is an integer, a float, a raw pointer, an optional function pointer,
        // or an array or struct of these; zero is a value of each.
        $(unsafe impl $crate::ffi::abi::Zeroable for $name {})+
    };
}
