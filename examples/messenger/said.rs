//! What somebody has said: the text of a message, whatever carries it.
//!
//! ```text
//! id(16), to whom, what it is, and then: the text · name of the file, of its object, pointer · group, number of its epoch, member, member, …
//! ```
//!
//! The id makes one of what comes twice: when a message was lost and is sent again, and was not lost.

use std::fmt;

use confidant::{AttachmentPointer, GroupId, Party, PublicIdentity};
use zeroize::Zeroizing;

use crate::Result;
use crate::account::{address, name};
use crate::fields::{exactly, pack, unpack, unpack_all};

pub struct Said {
    /// Random.
    pub id: [u8; 16],
    /// A user, or a group as `@name`.
    pub to: String,
    pub content: Content,
}

pub enum Content {
    Text(String),
    File { name: String, object: [u8; 16], pointer: AttachmentPointer },
    Invitation { group: GroupId, number: u64, members: Vec<Party> },
}

pub fn new_id() -> Result<[u8; 16]> {
    let mut id = [0; 16];
    getrandom::fill(&mut id)?;
    Ok(id)
}

impl Said {
    pub fn new(to: &str, content: Content) -> Result<Self> {
        Ok(Self { id: new_id()?, to: to.to_owned(), content })
    }

    /// A file's key may be in it.
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        let Self { id, to, content } = self;
        let rest = match content {
            Content::Text(text) => pack(&[b"text", text.as_bytes()])?,
            Content::File { name, object, pointer } => {
                pack(&[b"file", name.as_bytes(), object, pointer.encode().as_bytes()])?
            }
            Content::Invitation { group, number, members } => {
                let mut rest = pack(&[b"group", group.as_bytes(), &number.to_be_bytes()])?;
                for member in members {
                    let identity = member.identity().to_bytes();
                    rest.extend(pack(&[name(member.address()).as_bytes(), &identity])?);
                }
                rest
            }
        };
        Ok(Zeroizing::new([pack(&[id, to.as_bytes()])?, rest].concat()))
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let fields = unpack_all(bytes)?;
        let [id, to, content @ ..] = fields.as_slice() else { return Err("it is cut off".into()) };
        let content = match content {
            [b"text", said] => Content::Text(text(said)?),
            [b"file", name, object, pointer] => Content::File {
                name: text(name)?,
                object: exactly(object)?,
                pointer: AttachmentPointer::decode(pointer)?,
            },
            [b"group", group, number, members @ ..] => Content::Invitation {
                group: GroupId::new(group)?,
                number: u64::from_be_bytes(exactly(number)?),
                members: members.chunks(2).map(member).collect::<Result<_>>()?,
            },
            _ => return Err("it is of a kind that a newer version writes".into()),
        };
        Ok(Self { id: exactly(id)?, to: text(to)?, content })
    }
}

fn member(fields: &[&[u8]]) -> Result<Party> {
    let [name, identity] = fields else { return Err("a member is cut off".into()) };
    let identity = PublicIdentity::from_bytes(&exactly(identity)?)?;
    Ok(Party::new(address(&text(name)?)?, identity))
}

fn text(field: &[u8]) -> Result<String> {
    Ok(String::from_utf8(field.to_vec())?)
}

/// What a group is called here: behind the random part of its id.
pub fn group_name(group: &GroupId) -> String {
    let name = group.as_bytes().get(16..).unwrap_or_default();
    format!("@{}", String::from_utf8_lossy(name))
}

impl fmt::Display for Said {
    /// One line. Nothing that somebody else has written may steer the terminal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match &self.content {
            Content::Text(text) => text.clone(),
            Content::File { name, pointer, .. } => {
                format!("file {name}, {} bytes", pointer.file().info().len())
            }
            Content::Invitation { group, members, .. } => {
                let members: Vec<String> = members.iter().map(|it| name(it.address())).collect();
                format!("group {} of {}", group_name(group), members.join(", "))
            }
        };
        line.chars().try_for_each(|c| write!(f, "{}", if c.is_control() { '\u{fffd}' } else { c }))
    }
}

/// A line of the history: said by whom, in which conversation.
pub struct Line {
    pub from: String,
    pub with: String,
    pub said: Said,
}

impl Line {
    pub fn encode(&self) -> Result<Zeroizing<Vec<u8>>> {
        let Self { from, with, said } = self;
        Ok(Zeroizing::new(pack(&[from.as_bytes(), with.as_bytes(), &said.encode()?])?))
    }

    pub fn decode(row: &[u8]) -> Result<Self> {
        let [from, with, said] = unpack(row)?;
        Ok(Self { from: text(from)?, with: text(with)?, said: Said::decode(said)? })
    }
}
