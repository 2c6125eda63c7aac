//! What the sending side needs to bring a host's fields into shape.

use super::super::qpack::Field;

/// `fields` in the order of the wire: pseudo-fields first (RFC 9114 section 4.3), otherwise as they
/// came. Lines without a name are left out.
pub fn pseudo_first<'a, I>(fields: I) -> impl Iterator<Item = Field<'a>> + Clone
where
    I: Iterator<Item = Field<'a>> + Clone,
{
    let regular = fields.clone().filter(|field| !field.name.is_empty() && !is_pseudo(field));
    fields.filter(is_pseudo).chain(regular)
}

/// True if the fields already are in the order of [`pseudo_first`].
pub fn is_in_order<'a>(fields: impl IntoIterator<Item = Field<'a>>) -> bool {
    let mut regular = false;
    fields.into_iter().all(|field| {
        let misplaced = regular && is_pseudo(&field);
        regular |= !is_pseudo(&field);
        !misplaced && !field.name.is_empty()
    })
}

/// True if a name has to be lowered before it is sent (RFC 9114 section 4.2).
pub fn needs_lowering(name: &[u8]) -> bool {
    name.iter().any(u8::is_ascii_uppercase)
}

/// Appends `name` in lower case.
pub fn lower_case_into(name: &[u8], out: &mut Vec<u8>) {
    let begin = out.len();
    out.extend_from_slice(name);
    out[begin..].make_ascii_lowercase();
}

fn is_pseudo(field: &Field<'_>) -> bool {
    field.name.first() == Some(&b':')
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 9114 section 4.3.
    #[test]
    fn pseudo_fields_come_first_and_nameless_lines_not_at_all() {
        let names: [&[u8]; 5] = [b"host", b":path", b"", b"age", b":method"];
        let fields = names.iter().map(|name| Field::new(name, b"x"));
        assert!(!is_in_order(fields.clone()));
        let ordered = pseudo_first(fields);
        assert!(is_in_order(ordered.clone()));
        let ordered: Vec<_> = ordered.map(|field| field.name).collect();
        assert_eq!(ordered, [&b":path"[..], b":method", b"host", b"age"]);
        assert!(!is_in_order([Field::new(b"", b"")]));
    }

    #[test]
    fn names_are_lowered() {
        let mut out = b"X".to_vec();
        lower_case_into(b"Content-Type", &mut out);
        assert_eq!(out, b"Xcontent-type");
        assert!(needs_lowering(b"a-B") && !needs_lowering(b"a-b"));
    }
}
