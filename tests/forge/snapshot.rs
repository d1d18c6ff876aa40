//! Snapshots, open to every change. Layout in `src/docs/state.md`.

use super::{PQXDH, array, hash, take};

const CHECKSUM: usize = 8;
/// Magic, kind, version, epoch.
pub const FRAME: usize = 14;

/// Makes the checksum right again after a change.
pub fn reseal(bytes: &mut [u8]) {
    let (framed, sum) = bytes.split_at_mut(bytes.len() - CHECKSUM);
    sum.copy_from_slice(&hash("confidant/v1/snapshot", &[framed])[..CHECKSUM]);
}

/// The body of a snapshot, changed, in the same frame.
pub fn with_body(snapshot: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut body = body(snapshot).to_vec();
    change(&mut body);
    let mut out = snapshot[..FRAME].to_vec();
    out.extend(body);
    out.extend([0; CHECKSUM]);
    reseal(&mut out);
    out
}

pub fn body(snapshot: &[u8]) -> &[u8] {
    &snapshot[FRAME..snapshot.len() - CHECKSUM]
}

/// The exporter key and RK in a session's snapshot.
pub fn session_keys(snapshot: &[u8]) -> [[u8; 32]; 2] {
    let rest = &mut &body(snapshot)[2 + 64..];
    for _ in ["provider", "user"] {
        let [_tag, len] = array(rest);
        take(rest, usize::from(len));
    }
    take(rest, 5 + 32 + 32);
    let prefix = u16::from_be_bytes(array(rest));
    take(rest, usize::from(prefix));
    let exporter = array(rest);
    take(rest, 4 + 4);
    [exporter, array(rest)]
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Curve {
    pub created: u64,
    pub expires: u64,
    pub secret: [u8; 32],
    pub public: [u8; 32],
}

impl Curve {
    fn read(bytes: &mut &[u8]) -> Self {
        Self {
            created: u64::from_be_bytes(array(bytes)),
            expires: u64::from_be_bytes(array(bytes)),
            secret: array(bytes),
            public: array(bytes),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend(self.created.to_be_bytes());
        out.extend(self.expires.to_be_bytes());
        out.extend(self.secret);
        out.extend(self.public);
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generation {
    pub signed: Curve,
    /// id ‖ seed.
    pub last_resort: Option<[u8; 72]>,
    pub tags: Vec<[u8; 16]>,
}

impl Generation {
    fn read(bytes: &mut &[u8], suite: u8) -> Self {
        Self {
            signed: Curve::read(bytes),
            last_resort: (suite == PQXDH).then(|| array(bytes)),
            tags: read_list(bytes, array),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        self.signed.write(out);
        out.extend(self.last_resort.iter().flatten());
        out.extend(count(self.tags.len()));
        out.extend(self.tags.iter().flatten());
    }
}

/// A pre-key store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    pub epoch: u64,
    pub suite: u8,
    pub identity: [u8; 64],
    pub current: Generation,
    pub previous: Option<Generation>,
    pub one_time: Vec<Curve>,
    /// id ‖ created ‖ expires ‖ seed.
    pub kem_one_time: Vec<[u8; 88]>,
}

impl Store {
    pub fn read(snapshot: &[u8]) -> Self {
        let rest = &mut body(snapshot);
        let [suite] = array(rest);
        let store = Self {
            epoch: u64::from_be_bytes(snapshot[6..FRAME].try_into().unwrap()),
            suite,
            identity: array(rest),
            current: Generation::read(rest, suite),
            previous: (take(rest, 1) == [1]).then(|| Generation::read(rest, suite)),
            one_time: read_list(rest, Curve::read),
            kem_one_time: if suite == PQXDH { read_list(rest, array) } else { Vec::new() },
        };
        assert!(rest.is_empty());
        store
    }

    pub fn write(&self) -> Vec<u8> {
        let mut out = b"CFDT\x02\x01".to_vec();
        out.extend(self.epoch.to_be_bytes());
        out.push(self.suite);
        out.extend(self.identity);
        self.current.write(&mut out);
        out.push(u8::from(self.previous.is_some()));
        self.previous.iter().for_each(|generation| generation.write(&mut out));
        out.extend(count(self.one_time.len()));
        self.one_time.iter().for_each(|key| key.write(&mut out));
        if self.suite == PQXDH {
            out.extend(count(self.kem_one_time.len()));
            out.extend(self.kem_one_time.iter().flatten());
        }
        out.extend([0; CHECKSUM]);
        reseal(&mut out);
        out
    }
}

fn read_list<T>(bytes: &mut &[u8], mut read: impl FnMut(&mut &[u8]) -> T) -> Vec<T> {
    let count = u16::from_be_bytes(array(bytes));
    (0..count).map(|_| read(bytes)).collect()
}

fn count(len: usize) -> [u8; 2] {
    u16::try_from(len).unwrap().to_be_bytes()
}
