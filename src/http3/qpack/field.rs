//! Field lines, and sections of them.

/// What tables may keep of a field (RFC 9204 section 7.1), from the most to the least.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Indexing {
    /// All of it.
    #[default]
    Allowed,
    /// Its name: the value is not kept in any table, here or on the way.
    NameOnly,
    /// Nothing of it, here or on the way.
    Never,
}

/// What tables had of a field when it was encoded, insertions for its own sake included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hit {
    /// Nothing: name and value are literals.
    None,
    /// Its name.
    Name,
    /// Name and value.
    Both,
}

/// One line of a field section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name, in lower case if it is well formed.
    pub name: &'a [u8],
    /// Its value.
    pub value: &'a [u8],
    /// What tables may keep of it; of a decoded one, what its N bit says about that.
    pub indexing: Indexing,
}

impl<'a> Field<'a> {
    /// A line that may be indexed.
    pub const fn new(name: &'a [u8], value: &'a [u8]) -> Self {
        Self { name, value, indexing: Indexing::Allowed }
    }

    /// A line with a policy of its own.
    pub const fn with_indexing(name: &'a [u8], value: &'a [u8], indexing: Indexing) -> Self {
        Self { name, value, indexing }
    }

    /// What it counts against SETTINGS_MAX_FIELD_SECTION_SIZE (RFC 9114 section 4.2.2), which is
    /// also what it would take in a dynamic table (RFC 9204 section 3.2.1).
    #[inline]
    pub const fn size(&self) -> u64 {
        entry_size(self.name.len(), self.value.len())
    }
}

/// What an entry counts beside its text (RFC 9204 section 3.2.1).
const OVERHEAD: u64 = 32;

/// The size of an entry with such lengths.
#[inline]
pub const fn entry_size(name: usize, value: usize) -> u64 {
    name as u64 + value as u64 + OVERHEAD
}

/// Lines, and bytes of text, that a section has room for from the beginning.
const ORDINARY_LINES: usize = 16;
const ORDINARY_TEXT: usize = 512;

/// A decoded field section. The text of all lines lies in one buffer; both are kept when it is
/// cleared, so that a section that is used again allocates nothing.
#[derive(Clone, Debug, Default)]
pub struct FieldSection {
    text: Vec<u8>,
    lines: Vec<Line>,
    size: u64,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    /// Where the name begins; the value follows it.
    name: usize,
    value: usize,
    end: usize,
    indexing: Indexing,
}

impl FieldSection {
    /// A section without lines.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes room for a section of ordinary size at once, where there is none at all.
    pub(super) fn prepare(&mut self) {
        if self.lines.capacity() == 0 {
            self.lines.reserve(ORDINARY_LINES);
            self.text.reserve(ORDINARY_TEXT);
        }
    }

    /// Removes all lines.
    pub fn clear(&mut self) {
        self.text.clear();
        self.lines.clear();
        self.size = 0;
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// True without lines.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The sum of the sizes of all lines, see [`Field::size`].
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Bytes of all names and values.
    pub fn text_len(&self) -> u64 {
        self.size - OVERHEAD * self.lines.len() as u64
    }

    /// Bytes of memory that it takes, used or not.
    pub fn memory(&self) -> usize {
        self.text.capacity() + self.lines.capacity() * size_of::<Line>()
    }

    /// A line by its place.
    pub fn get(&self, index: usize) -> Option<Field<'_>> {
        self.lines.get(index).map(|line| self.field(line))
    }

    /// The lines, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Field<'_>> + Clone + '_ {
        self.lines.iter().map(|line| self.field(line))
    }

    /// Appends a line.
    pub fn push(&mut self, field: &Field<'_>) {
        let name = self.begin();
        self.text.extend_from_slice(field.name);
        let value = self.text.len();
        self.text.extend_from_slice(field.value);
        self.finish(name, value, field.indexing);
    }

    /// Makes one line of all that have that name, if there is any, with `separator` between their
    /// values. It becomes the last line, and tables may keep the least of it that they may of one.
    pub fn join(&mut self, name: &[u8], separator: &[u8]) {
        let begin = self.text.len();
        let (mut value, mut indexing) = (0, Indexing::Allowed);
        for index in 0..self.lines.len() {
            let line = self.lines[index];
            if self.text[line.name..line.value] != *name {
                continue;
            }
            if self.text.len() == begin {
                self.text.extend_from_slice(name);
                value = self.text.len();
            } else {
                self.text.extend_from_slice(separator);
            }
            self.text.extend_from_within(line.value..line.end);
            self.size -= entry_size(line.value - line.name, line.end - line.value);
            indexing = indexing.max(line.indexing);
        }
        if self.text.len() > begin {
            let Self { text, lines, .. } = self;
            lines.retain(|line| text[line.name..line.value] != *name);
            self.finish(begin, value, indexing);
        }
    }

    /// Where the text of the next line begins. Name and value are then to be appended to
    /// [`Self::text_mut`].
    #[inline]
    pub(super) fn begin(&self) -> usize {
        self.text.len()
    }

    /// The text of all lines.
    #[inline]
    pub(super) fn text_mut(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Makes a line of the text since `name`, of which the value begins at `value`.
    #[inline]
    pub(super) fn finish(&mut self, name: usize, value: usize, indexing: Indexing) {
        let end = self.text.len();
        self.size += entry_size(value - name, end - value);
        self.lines.push(Line { name, value, end, indexing });
    }

    fn field(&self, line: &Line) -> Field<'_> {
        Field {
            name: &self.text[line.name..line.value],
            value: &self.text[line.value..line.end],
            indexing: line.indexing,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_in_order_and_are_counted() {
        let mut section = FieldSection::new();
        let secret = Field::with_indexing(b"cookie", b"x=y", Indexing::Never);
        section.push(&Field::new(b"age", b"7"));
        section.push(&secret);
        assert_eq!(section.len(), 2);
        assert_eq!(section.get(0), Some(Field::new(b"age", b"7")));
        assert_eq!(section.iter().last(), Some(secret));
        // RFC 9114 section 4.2.2.
        assert_eq!(section.size(), 3 + 1 + 32 + 6 + 3 + 32);
        section.clear();
        assert!(section.is_empty() && section.size() == 0);
    }

    // RFC 9110 section 5.3, RFC 9114 section 4.2.1.
    #[test]
    fn lines_of_one_name_are_joined() {
        let mut section = FieldSection::new();
        let secret = Field::with_indexing(b"cookie", b"c=d", Indexing::Never);
        section.join(b"cookie", b"; ");
        assert!(section.is_empty());
        section.push(&Field::new(b"cookie", b"a=b"));
        section.push(&Field::new(b"age", b"7"));
        section.push(&secret);
        section.join(b"cookie", b"; ");
        assert_eq!(section.get(0), Some(Field::new(b"age", b"7")));
        let joined = Field { value: b"a=b; c=d", ..secret };
        assert_eq!((section.len(), section.get(1)), (2, Some(joined)));
        assert_eq!(section.size(), 36 + joined.size());
    }
}
