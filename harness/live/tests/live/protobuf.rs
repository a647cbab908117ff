//! Protobuf as a stranger writes and reads it: no schema, only numbers of fields.

/// A message that is being written, field by field.
#[derive(Clone, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        varint(field << 3 | 2, &mut self.0);
        varint(bytes.len() as u64, &mut self.0);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    pub(crate) fn message(self, field: u64, message: &Self) -> Self {
        self.bytes(field, &message.0)
    }

    /// A message that holds one text: Mesos' ids, and more.
    pub(crate) fn id(self, field: u64, value: &str) -> Self {
        self.message(field, &Self::new().text(1, value))
    }

    pub(crate) fn number(mut self, field: u64, number: u64) -> Self {
        varint(field << 3, &mut self.0);
        varint(number, &mut self.0);
        self
    }

    pub(crate) fn double(mut self, field: u64, number: f64) -> Self {
        varint(field << 3 | 1, &mut self.0);
        self.0.extend_from_slice(&number.to_le_bytes());
        self
    }
}

fn varint(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// What was read: fields as they came.
#[derive(Debug, Clone)]
pub(crate) struct Fields(Vec<(u64, Field)>);

#[derive(Debug, Clone)]
enum Field {
    Number(u64),
    Bytes(Vec<u8>),
}

impl Fields {
    pub(crate) fn read(mut bytes: &[u8]) -> Self {
        let mut fields = Vec::new();
        while !bytes.is_empty() {
            let key = take_varint(&mut bytes);
            let field = match key & 7 {
                0 => Field::Number(take_varint(&mut bytes)),
                1 => {
                    let (number, rest) = bytes.split_at(8);
                    bytes = rest;
                    Field::Number(u64::from_le_bytes(number.try_into().unwrap()))
                }
                2 => {
                    let length = take_varint(&mut bytes) as usize;
                    let (content, rest) = bytes.split_at(length);
                    bytes = rest;
                    Field::Bytes(content.to_owned())
                }
                other => panic!("wire type {other}"),
            };
            fields.push((key >> 3, field));
        }
        Self(fields)
    }

    /// The content of all fields of a number.
    pub(crate) fn all(&self, field: u64) -> Vec<Vec<u8>> {
        let mine = self.0.iter().filter(|(number, _)| *number == field);
        mine.filter_map(|(_, field)| match field {
            Field::Bytes(bytes) => Some(bytes.clone()),
            Field::Number(_) => None,
        })
        .collect()
    }

    pub(crate) fn bytes(&self, field: u64) -> Option<Vec<u8>> {
        self.all(field).pop()
    }

    #[track_caller]
    pub(crate) fn message(&self, field: u64) -> Self {
        Self::read(&self.bytes(field).unwrap_or_else(|| panic!("no field {field} in {self:?}")))
    }

    pub(crate) fn text(&self, field: u64) -> Option<String> {
        self.bytes(field).map(|bytes| String::from_utf8(bytes).unwrap())
    }

    /// The text of a message that holds one: Mesos' ids, and more.
    #[track_caller]
    pub(crate) fn id(&self, field: u64) -> String {
        self.message(field).text(1).unwrap()
    }

    pub(crate) fn number(&self, field: u64) -> Option<u64> {
        self.0.iter().find(|(number, _)| *number == field).and_then(|(_, field)| match field {
            Field::Number(number) => Some(*number),
            Field::Bytes(_) => None,
        })
    }
}

fn take_varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = bytes[0];
        *bytes = &bytes[1..];
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return number;
        }
    }
    panic!("a number without end");
}
