//! A group's snapshot, open to every change. Layout in `src/docs/state.md`, "Group".

use confidant::GroupSession;

use crate::forge::snapshot::{FRAME, body, reseal};
use crate::forge::{array, take};

/// Number, members hash.
pub type Epoch = (u64, [u8; 32]);

/// When a key was made: the number of the epoch, and its own.
pub type Made = (u64, u32);

/// Chain index, N.
pub type Position = [u32; 2];

pub struct Member {
    pub address: Vec<u8>,
    pub identity: [u8; 64],
    pub since: u64,
    /// The first key that is not over.
    pub from: Made,
}

pub struct Own {
    pub epoch: Epoch,
    pub number: u32,
    pub commitment: [u8; 32],
    pub created: u64,
    pub secret: [u8; 32],
    pub next: u32,
    pub chain_key: [u8; 32],
}

#[derive(Clone)]
pub struct Key {
    pub id: [u8; 16],
    pub sender: Vec<u8>,
    pub made: Made,
    pub until: u64,
    pub public: [u8; 32],
    pub first: u32,
    pub superseded: Option<u64>,
    pub next: u32,
    pub chain_key: [u8; 32],
    pub forgotten: Position,
    pub marks: Vec<(u64, Position)>,
    pub kept: Vec<(Position, [u8; 32])>,
}

pub struct Stored {
    pub changes: u64,
    pub group: Vec<u8>,
    pub address: Vec<u8>,
    pub identity: [u8; 64],
    pub number: u64,
    pub members: Vec<Member>,
    pub known: Vec<Epoch>,
    pub last_removal: u64,
    pub messages: u32,
    pub seconds: u64,
    pub own: Option<Own>,
    pub due: u8,
    pub given: Vec<Vec<u8>>,
    pub rotations: u32,
    pub keys: Vec<Key>,
}

impl Stored {
    pub fn of(group: &GroupSession) -> Self {
        let snapshot = group.snapshot();
        let bytes = snapshot.expose();
        let rest = &mut body(bytes);
        let stored = Self {
            changes: u64::from_be_bytes(bytes[6..FRAME].try_into().unwrap()),
            group: {
                let [len] = array(rest);
                take(rest, len.into()).to_vec()
            },
            address: address(rest),
            identity: array(rest),
            number: u64::from_be_bytes(array(rest)),
            members: list(u32::from_be_bytes(array(rest)), || Member {
                address: address(rest),
                identity: array(rest),
                since: u64::from_be_bytes(array(rest)),
                from: made(rest),
            }),
            known: list(u16::from_be_bytes(array(rest)).into(), || epoch(rest)),
            last_removal: u64::from_be_bytes(array(rest)),
            messages: u32::from_be_bytes(array(rest)),
            seconds: u64::from_be_bytes(array(rest)),
            own: (take(rest, 1) == [1]).then(|| own(rest)),
            due: take(rest, 1)[0],
            given: list(u32::from_be_bytes(array(rest)), || address(rest)),
            rotations: u32::from_be_bytes(array(rest)),
            keys: list(u32::from_be_bytes(array(rest)), || key(rest)),
        };
        assert!(rest.is_empty());
        assert_eq!(stored.write(), bytes);
        stored
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = b"CFDT\x03\x01".to_vec();
        out.extend(self.changes.to_be_bytes());
        out.push(u8::try_from(self.group.len()).unwrap());
        out.extend([&self.group[..], &self.address, &self.identity].concat());
        out.extend(self.number.to_be_bytes());
        out.extend(count(self.members.len()));
        for member in &self.members {
            out.extend([&member.address[..], &member.identity].concat());
            out.extend(member.since.to_be_bytes());
            write_made(&mut out, member.from);
        }
        out.extend(u16::try_from(self.known.len()).unwrap().to_be_bytes());
        self.known.iter().for_each(|epoch| write_epoch(&mut out, epoch));
        out.extend(self.last_removal.to_be_bytes());
        out.extend(self.messages.to_be_bytes());
        out.extend(self.seconds.to_be_bytes());
        out.push(u8::from(self.own.is_some()));
        self.own.iter().for_each(|own| own.write(&mut out));
        out.push(self.due);
        out.extend(count(self.given.len()));
        out.extend(self.given.concat());
        out.extend(self.rotations.to_be_bytes());
        out.extend(count(self.keys.len()));
        self.keys.iter().for_each(|key| key.write(&mut out));
        out.extend([0; 8]);
        reseal(&mut out);
        out
    }
}

impl Own {
    fn write(&self, out: &mut Vec<u8>) {
        write_epoch(out, &self.epoch);
        out.extend(self.number.to_be_bytes());
        out.extend(self.commitment);
        out.extend(self.created.to_be_bytes());
        out.extend(self.secret);
        out.extend(self.next.to_be_bytes());
        out.extend(self.chain_key);
    }
}

impl Key {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend([&self.id[..], &self.sender].concat());
        write_made(out, self.made);
        out.extend(self.until.to_be_bytes());
        out.extend(self.public);
        out.extend(self.first.to_be_bytes());
        out.push(u8::from(self.superseded.is_some()));
        out.extend(self.superseded.iter().flat_map(|seen| seen.to_be_bytes()));
        out.extend(self.next.to_be_bytes());
        out.extend(self.chain_key);
        write_position(out, self.forgotten);
        out.push(u8::try_from(self.marks.len()).unwrap());
        for (time, position) in &self.marks {
            out.extend(time.to_be_bytes());
            write_position(out, *position);
        }
        out.extend(count(self.kept.len()));
        for (position, key) in &self.kept {
            write_position(out, *position);
            out.extend(key);
        }
    }
}

fn own(bytes: &mut &[u8]) -> Own {
    Own {
        epoch: epoch(bytes),
        number: u32::from_be_bytes(array(bytes)),
        commitment: array(bytes),
        created: u64::from_be_bytes(array(bytes)),
        secret: array(bytes),
        next: u32::from_be_bytes(array(bytes)),
        chain_key: array(bytes),
    }
}

fn key(bytes: &mut &[u8]) -> Key {
    Key {
        id: array(bytes),
        sender: address(bytes),
        made: made(bytes),
        until: u64::from_be_bytes(array(bytes)),
        public: array(bytes),
        first: u32::from_be_bytes(array(bytes)),
        superseded: (take(bytes, 1) == [1]).then(|| u64::from_be_bytes(array(bytes))),
        next: u32::from_be_bytes(array(bytes)),
        chain_key: array(bytes),
        forgotten: position(bytes),
        marks: list(u8::from_be_bytes(array(bytes)).into(), || {
            (u64::from_be_bytes(array(bytes)), position(bytes))
        }),
        kept: list(u32::from_be_bytes(array(bytes)), || (position(bytes), array(bytes))),
    }
}

fn address(bytes: &mut &[u8]) -> Vec<u8> {
    let whole = *bytes;
    for _ in ["provider", "user"] {
        let [_tag, len] = array(bytes);
        take(bytes, usize::from(len));
    }
    take(bytes, 5);
    whole[..whole.len() - bytes.len()].to_vec()
}

fn epoch(bytes: &mut &[u8]) -> Epoch {
    (u64::from_be_bytes(array(bytes)), array(bytes))
}

fn made(bytes: &mut &[u8]) -> Made {
    (u64::from_be_bytes(array(bytes)), u32::from_be_bytes(array(bytes)))
}

fn position(bytes: &mut &[u8]) -> Position {
    [u32::from_be_bytes(array(bytes)), u32::from_be_bytes(array(bytes))]
}

fn write_epoch(out: &mut Vec<u8>, (number, hash): &Epoch) {
    out.extend(number.to_be_bytes());
    out.extend(hash);
}

fn write_made(out: &mut Vec<u8>, (epoch, number): Made) {
    out.extend(epoch.to_be_bytes());
    out.extend(number.to_be_bytes());
}

fn write_position(out: &mut Vec<u8>, position: Position) {
    position.iter().for_each(|part| out.extend(part.to_be_bytes()));
}

fn list<T>(count: u32, mut read: impl FnMut() -> T) -> Vec<T> {
    (0..count).map(|_| read()).collect()
}

fn count(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap().to_be_bytes()
}
