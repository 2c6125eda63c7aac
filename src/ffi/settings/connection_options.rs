//! Connection options of hosts: tags of four letters or digits, separated by commas.

use libc::c_char;

/// Letters of a tag.
const TAG_LEN: usize = 4;

/// The tags in `text`, which ends with a zero byte or with the array. What follows the first that is
/// no tag is ignored.
pub(super) fn connection_options(text: &[c_char]) -> Vec<[u8; TAG_LEN]> {
    let mut tags = Vec::new();
    for piece in text.chunks(TAG_LEN + 1) {
        let Some((letters, end)) = piece.split_at_checked(TAG_LEN) else { break };
        let Ok(tag) = <[c_char; TAG_LEN]>::try_from(letters) else { break };
        let tag = tag.map(|letter| letter as u8);
        let ended = end.first().copied().unwrap_or(0) as u8;
        if !tag.iter().all(u8::is_ascii_alphanumeric) || !matches!(ended, b',' | 0) {
            break;
        }
        tags.push(tag);
        if ended == 0 {
            break;
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<String> {
        let mut host = [0 as c_char; 80];
        for (to, from) in host.iter_mut().zip(text.bytes()) {
            *to = from as c_char;
        }
        let tags = connection_options(&host);
        tags.iter().map(|tag| String::from_utf8_lossy(tag).into_owned()).collect()
    }

    #[test]
    fn tags_are_four_letters_or_digits_with_commas_between() {
        assert_eq!(parsed(""), [""; 0]);
        assert_eq!(parsed("B2ON"), ["B2ON"]);
        assert_eq!(parsed("CBBR,IW10,9218"), ["CBBR", "IW10", "9218"]);
    }

    #[test]
    fn what_follows_the_first_mistake_is_ignored() {
        assert_eq!(parsed("COPA,B2O,IW10"), ["COPA"]);
        assert_eq!(parsed("COPA,B2ON1,IW10"), ["COPA"]);
        assert_eq!(parsed("COPA;IW10"), [""; 0]);
        assert_eq!(parsed("COPA,"), ["COPA"]);
    }

    #[test]
    fn a_full_array_needs_no_end() {
        let text = "ABCD,".repeat(16);
        assert_eq!(parsed(&text).len(), 16);
        let text: Vec<c_char> = "ABCD,EFGH".bytes().map(|byte| byte as c_char).collect();
        assert_eq!(connection_options(&text).len(), 2);
    }
}
