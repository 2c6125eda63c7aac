//! Memory of the host, as slices.

use libc::{size_t, ssize_t};

/// What a pointer and a length of the host stand for; nothing where the length is 0, whatever the
/// pointer. `None` for null with a length, and for a length that no memory has: a host has passed on
/// a negative result.
///
/// # Safety
///
/// `data` is null or readable for `len` values as long as `'a`.
#[inline]
pub(super) unsafe fn values<'a, T>(data: *const T, len: size_t) -> Option<&'a [T]> {
    if len == 0 {
        return Some(&[]);
    }
    if data.is_null() || !can_be::<T>(len) {
        return None;
    }
    // SAFETY: the caller vouches for the values.
    Some(unsafe { std::slice::from_raw_parts(data, len) })
}

/// Has `read` fill a buffer of the host and note in `fin` whether that was the last of it; `failed`
/// for null and for lengths that no memory has.
///
/// # Safety
///
/// `buffer` is null or has room for `len` bytes, `fin` is null or has room for one. Nobody else uses
/// either during the call.
pub(super) unsafe fn read_into(
    (buffer, len): (*mut u8, size_t),
    fin: *mut u8,
    failed: ssize_t,
    read: impl FnOnce(&mut [u8]) -> (ssize_t, bool),
) -> ssize_t {
    if fin.is_null() || (len > 0 && buffer.is_null()) || !can_be::<u8>(len) {
        return failed;
    }
    let buffer = match len {
        0 => &mut [][..],
        // SAFETY: the caller vouches for the room.
        len => unsafe { std::slice::from_raw_parts_mut(buffer, len) },
    };
    // SAFETY: the caller vouches for `fin`.
    unsafe { fin.write(0) };
    let (result, end) = read(buffer);
    if end {
        // SAFETY: as above.
        unsafe { fin.write(1) };
    }
    result
}

fn can_be<T>(len: size_t) -> bool {
    len.checked_mul(size_of::<T>()).is_some_and(|bytes| bytes <= isize::MAX as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_zero_asks_for_no_memory() {
        // SAFETY: null is allowed.
        unsafe {
            assert_eq!(values::<u8>(std::ptr::null(), 0), Some(&[][..]));
            assert_eq!(values([1u8, 2].as_ptr(), 2), Some(&[1, 2][..]));
        }
    }

    #[test]
    fn null_has_no_length_and_no_memory_a_negative_one() {
        let byte = 1u8;
        let negative = -1_isize as usize;
        // SAFETY: no memory is looked at.
        unsafe {
            assert_eq!(values::<u8>(std::ptr::null(), 1), None);
            assert_eq!(values(&byte, negative), None);
            assert_eq!(values(&u64::from(byte), negative / 8), None);
        }
    }

    #[test]
    fn a_buffer_that_cannot_be_is_not_read_into() {
        let (mut byte, mut fin) = (1u8, 7u8);
        let negative = -1_isize as usize;
        let (null, place) = (std::ptr::null_mut(), &raw mut byte);
        let (no_fin, fin_place) = (std::ptr::null_mut(), &raw mut fin);
        for (buffer, fin) in
            [((null, 1), fin_place), ((place, negative), fin_place), ((place, 1), no_fin)]
        {
            // SAFETY: no memory is looked at.
            assert_eq!(unsafe { read_into(buffer, fin, -9, |_| (1, true)) }, -9);
        }
        assert_eq!((byte, fin), (1, 7));
    }

    #[test]
    fn the_end_is_told_either_way() {
        let (mut byte, mut fin) = (0u8, 7u8);
        for end in [false, true] {
            let fill = |buffer: &mut [u8]| {
                buffer.fill(5);
                (1, end)
            };
            // SAFETY: both are our own.
            assert_eq!(unsafe { read_into((&mut byte, 1), &mut fin, -9, fill) }, 1);
            assert_eq!((byte, fin), (5, end.into()));
        }
    }
}
