//! Messages of the DNS: a query in wire form, and what an answer says (RFC 1035, section 4; EDNS of RFC 6891).
//!
//! Read here rather than by a library, which would bring some forty types of records into every bundle.

use edgewatch_protocol::check::dns::RecordType;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The media type of a DNS message (RFC 8484).
pub const DNS_MESSAGE: &str = "application/dns-message";

/// The largest answer that is asked for by UDP, in bytes: one that is not fragmented on the way.
const UDP_BYTES: u16 = 1232;
const CLASS_IN: u16 = 1;
const TYPE_CNAME: u16 = 5;
const TYPE_OPT: u16 = 41;
const OPTION_EXTENDED_ERROR: u16 = 15;

const FLAG_RESPONSE: u16 = 0x8000;
const FLAG_TRUNCATED: u16 = 0x0200;
const FLAG_RECURSION_DESIRED: u16 = 0x0100;
const FLAG_AUTHENTICATED: u16 = 0x0020;
/// The flag DO of EDNS (RFC 3225).
const FLAG_DNSSEC_OK: u32 = 0x8000;

/// The response code of a name that does not exist.
pub const NXDOMAIN: u16 = 3;

/// How a query is asked beside its name and type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extension {
    /// As RFC 1035 has it.
    None,
    /// With EDNS, and with the flag AD: the resolver shall say whether it authenticated the answer (RFC 6840, 5.7).
    Edns,
    /// As [`Extension::Edns`], and with the records of DNSSEC: for resolvers that only then authenticate.
    Dnssec,
}

/// Writes a query. The id is 0, as RFC 8484 wants it; see [`set_id`]. `None` when the text is not a name.
pub fn write_query(name: &str, record: RecordType, extension: Extension) -> Option<Vec<u8>> {
    let flags = match extension {
        Extension::None => FLAG_RECURSION_DESIRED,
        _ => FLAG_RECURSION_DESIRED | FLAG_AUTHENTICATED,
    };
    let additional = u16::from(extension != Extension::None);
    let mut query = Vec::with_capacity(64);
    for word in [0, flags, 1, 0, 0, additional] {
        query.extend(u16::to_be_bytes(word));
    }
    write_name(name, &mut query)?;
    query.extend(type_code(record).to_be_bytes());
    query.extend(CLASS_IN.to_be_bytes());
    if extension != Extension::None {
        let flags = if extension == Extension::Dnssec {
            FLAG_DNSSEC_OK
        } else {
            0
        };
        query.push(0);
        query.extend(TYPE_OPT.to_be_bytes());
        query.extend(UDP_BYTES.to_be_bytes());
        query.extend(flags.to_be_bytes());
        query.extend([0, 0]);
    }
    Some(query)
}

fn write_name(name: &str, query: &mut Vec<u8>) -> Option<()> {
    let name = name.strip_suffix('.').unwrap_or(name);
    // Two bytes more than its text in wire form, which may have 255.
    if name.len() > 253 {
        return None;
    }
    for label in name.split('.').filter(|_| !name.is_empty()) {
        let length = u8::try_from(label.len()).ok().filter(|n| (1..=63).contains(n))?;
        query.push(length);
        query.extend(label.as_bytes());
    }
    query.push(0);
    Some(())
}

/// Sets the id of a message.
pub fn set_id(message: &mut [u8], id: u16) {
    if let Some(place) = message.first_chunk_mut() {
        *place = id.to_be_bytes();
    }
}

/// An answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The response code; 0 is success.
    pub code: u16,
    /// There is more than the message has; ask again by TCP.
    pub is_truncated: bool,
    /// The resolver says that it authenticated the answer (AD).
    pub is_authenticated: bool,
    /// Why it failed, if the resolver says more than the code (RFC 8914).
    pub explanation: Option<String>,
    /// The names that the answer led through (CNAME), in order, without the one that was asked for.
    pub aliases: Vec<String>,
    /// The records that were asked for, at the end of the aliases: value in presentation format, time to live in
    /// seconds.
    pub records: Vec<(String, u32)>,
}

/// What is wrong with a message. One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

/// Reads the answer to a query of [`write_query`].
///
/// # Errors
/// When it is not a message, not an answer, or the answer to something else.
pub fn read_answer(message: &[u8], query: &[u8], record: RecordType) -> Result<Answer, Malformed> {
    let mut asked = Reader::new(query);
    let mut reader = Reader::new(message);
    if reader.word()? != asked.word()? {
        return Err(Malformed("it is the answer to another query"));
    }
    let flags = reader.word()?;
    let [questions, answers, authorities, additional] =
        [reader.word()?, reader.word()?, reader.word()?, reader.word()?];
    if flags & FLAG_RESPONSE == 0 {
        return Err(Malformed("it is not an answer"));
    }
    asked.at = HEADER_BYTES;
    let name = asked.name()?.to_ascii_lowercase();
    // A server that failed may leave the question out.
    for _ in 0..questions {
        let is_same = reader.name()?.eq_ignore_ascii_case(&name)
            && reader.word()? == type_code(record)
            && reader.word()? == CLASS_IN;
        if !is_same {
            return Err(Malformed("it answers another question"));
        }
    }
    let mut answer = Answer {
        code: flags & 0x000f,
        is_truncated: flags & FLAG_TRUNCATED != 0,
        is_authenticated: flags & FLAG_AUTHENTICATED != 0,
        ..Answer::default()
    };
    let mut found = Vec::new();
    let mut aliases = Vec::new();
    for (section, count) in [answers, authorities, additional].into_iter().enumerate() {
        for _ in 0..count {
            // What was cut off is asked for again.
            match reader.record() {
                Ok(one) if one.code == TYPE_OPT => {
                    answer.code |= u16::try_from(one.ttl_s >> 24).unwrap_or_default() << 4;
                    answer.explanation = extended_error(one.data);
                }
                Ok(one) if section == 0 && one.code == type_code(record) => found.push(one),
                Ok(one) if section == 0 && one.code == TYPE_CNAME => aliases.push(one),
                Ok(_) => {}
                Err(_) if answer.is_truncated => return Ok(answer),
                Err(error) => return Err(error),
            }
        }
    }
    let mut owner = name;
    while let Some(at) = aliases.iter().position(|alias| alias.owner == owner) {
        let alias = aliases.swap_remove(at);
        owner = reader.at(alias.data_at).name()?.to_ascii_lowercase();
        answer.aliases.push(owner.clone());
    }
    for one in found.into_iter().filter(|one| one.owner == owner) {
        let value = reader.at(one.data_at).value(record, one.data)?;
        answer.records.push((value, one.ttl_s & 0x7fff_ffff));
    }
    Ok(answer)
}

const HEADER_BYTES: usize = 12;

/// Reads a message from a place on.
#[derive(Clone, Copy)]
struct Reader<'a> {
    message: &'a [u8],
    at: usize,
}

struct Record<'a> {
    /// In lower case.
    owner: String,
    code: u16,
    ttl_s: u32,
    data: &'a [u8],
    /// Where the data begin: names in them may point back.
    data_at: usize,
}

const CUT_OFF: Malformed = Malformed("it ends in the middle");

impl<'a> Reader<'a> {
    fn new(message: &'a [u8]) -> Self {
        Self { message, at: 0 }
    }

    fn at(self, at: usize) -> Self {
        Self { at, ..self }
    }

    fn bytes(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let bytes = self.message.get(self.at..self.at + count).ok_or(CUT_OFF)?;
        self.at += count;
        Ok(bytes)
    }

    fn byte(&mut self) -> Result<u8, Malformed> {
        Ok(self.bytes(1)?[0])
    }

    fn word(&mut self) -> Result<u16, Malformed> {
        Ok(u16::from_be_bytes([self.byte()?, self.byte()?]))
    }

    fn long(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from(self.word()?) << 16 | u32::from(self.word()?))
    }

    /// A name without the last dot; the root is a dot.
    fn name(&mut self) -> Result<String, Malformed> {
        let mut name = String::new();
        let mut reader = *self;
        let mut is_elsewhere = false;
        loop {
            let length = reader.byte()?;
            if length >= 0xc0 {
                let low = reader.byte()?;
                if !is_elsewhere {
                    self.at = reader.at;
                }
                is_elsewhere = true;
                let target = usize::from(length & 0x3f) << 8 | usize::from(low);
                // Only back, and the name has a bound: so it comes to an end.
                if target + 2 >= reader.at {
                    return Err(Malformed("a name in it points forward"));
                }
                reader.at = target;
                continue;
            }
            if length == 0 {
                break;
            }
            if length > 63 {
                return Err(Malformed("a name in it has a label of an unknown kind"));
            }
            if !name.is_empty() {
                name.push('.');
            }
            for &byte in reader.bytes(length.into())? {
                match byte {
                    b'.' | b'\\' => name.extend(['\\', char::from(byte)]),
                    b'!'..=b'~' => name.push(char::from(byte)),
                    // Decimal, in three digits.
                    _ => {
                        let digits = [byte / 100, byte / 10 % 10, byte % 10];
                        name.push('\\');
                        name.extend(digits.map(|digit| char::from(b'0' + digit)));
                    }
                }
            }
            if name.len() > 4 * 255 {
                return Err(Malformed("a name in it is too long"));
            }
        }
        if !is_elsewhere {
            self.at = reader.at;
        }
        if name.is_empty() {
            name.push('.');
        }
        Ok(name)
    }

    fn record(&mut self) -> Result<Record<'a>, Malformed> {
        let owner = self.name()?.to_ascii_lowercase();
        let code = self.word()?;
        self.word()?;
        let ttl_s = self.long()?;
        let length = self.word()?;
        let data_at = self.at;
        let data = self.bytes(length.into())?;
        Ok(Record {
            owner,
            code,
            ttl_s,
            data,
            data_at,
        })
    }

    /// A record's data in presentation format.
    fn value(mut self, record: RecordType, data: &[u8]) -> Result<String, Malformed> {
        let not_an_address = Malformed("a record in it does not hold an address");
        Ok(match record {
            RecordType::A => <[u8; 4]>::try_from(data)
                .map(|bytes| Ipv4Addr::from(bytes).to_string())
                .map_err(|_| not_an_address)?,
            RecordType::Aaaa => <[u8; 16]>::try_from(data)
                .map(|bytes| Ipv6Addr::from(bytes).to_string())
                .map_err(|_| not_an_address)?,
            RecordType::Cname | RecordType::Ns => self.name()?,
            RecordType::Mx => format!("{} {}", self.word()?, self.name()?),
            RecordType::Srv => {
                let [priority, weight, port] = [self.word()?, self.word()?, self.word()?];
                format!("{priority} {weight} {port} {}", self.name()?)
            }
            RecordType::Soa => {
                let mut value = format!("{} {}", self.name()?, self.name()?);
                for _ in 0..5 {
                    value.push(' ');
                    value.push_str(&self.long()?.to_string());
                }
                value
            }
            RecordType::Txt => {
                let end = self.at + data.len();
                let mut bytes = Vec::with_capacity(data.len());
                while self.at < end {
                    let length = self.byte()?;
                    bytes.extend(self.bytes(length.into())?);
                }
                text(&bytes)
            }
            RecordType::Caa => {
                let end = self.at + data.len();
                let flags = self.byte()?;
                let length = self.byte()?;
                let tag = text(self.bytes(length.into())?);
                let value = end.checked_sub(self.at).ok_or(CUT_OFF)?;
                format!("{flags} {tag} \"{}\"", text(self.bytes(value)?))
            }
        })
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace(char::is_control, "\u{fffd}")
}

/// The extended error among the options of EDNS.
fn extended_error(options: &[u8]) -> Option<String> {
    let mut reader = Reader::new(options);
    while let (Ok(code), Ok(length)) = (reader.word(), reader.word()) {
        let data = reader.bytes(length.into()).ok()?;
        if code == OPTION_EXTENDED_ERROR && data.len() >= 2 {
            let number = u16::from_be_bytes([data[0], data[1]]);
            let said = text(&data[2..]);
            let colon = if said.is_empty() { "" } else { ": " };
            return Some(format!("extended error {number}{colon}{said}"));
        }
    }
    None
}

fn type_code(record: RecordType) -> u16 {
    match record {
        RecordType::A => 1,
        RecordType::Ns => 2,
        RecordType::Cname => TYPE_CNAME,
        RecordType::Soa => 6,
        RecordType::Mx => 15,
        RecordType::Txt => 16,
        RecordType::Aaaa => 28,
        RecordType::Srv => 33,
        RecordType::Caa => 257,
    }
}

/// The mnemonic of a response code (RFC 6895, section 2.3).
pub fn code_name(code: u16) -> String {
    let name = match code {
        0 => "NOERROR",
        1 => "FORMERR",
        2 => "SERVFAIL",
        NXDOMAIN => "NXDOMAIN",
        4 => "NOTIMP",
        5 => "REFUSED",
        9 => "NOTAUTH",
        16 => "BADVERS",
        code => return format!("RCODE{code}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests;
