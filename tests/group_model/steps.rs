//! What can happen in a group, and how often.

use confidant::Rotation;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// One step. `Who` is a member of the newest list or, at times, anybody who ever was.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// Rotates and distributes, if that is due, and encrypts. The bits say which distributions are lost or late.
    Speak(Who, u64),
    Encrypt(Who),
    Rotate(Who),
    Distribute(Who, u64),
    /// The sender's key for anybody, be he a member or not.
    Give(Who, Who),
    /// Somebody asks a sender whose key he does not have, or not all of it.
    Ask(Who, Who),
    /// Any distribution of all, by its place among those that were not lost: late, or repeated.
    Receive(u16),
    /// A distribution, passed on by the one who got it: as a text, and as a distribution.
    Relay(u16, Who),
    /// A distribution with a bit changed by its sender.
    Spoil(u16, u16),
    /// A distribution whose sender says that he is where another device is.
    Redate(u16, Who),
    /// A distribution whose sender has changed a bit of the count of its keys.
    Recount(u16, u8),
    /// One of the newest eight messages, at one device or at all.
    Deliver(Who, u8),
    Broadcast(u8),
    /// Any message: late, or repeated.
    Replay(Who, u16),
    Corrupt(Who, u16, u16),
    Rebind(Who, u16),
    /// A sender signs for somebody that it writes where another device is.
    Misdate(Who, Who, Who),
    Join,
    Remove(u8),
    /// Removed, and there again with another identity, in one change.
    Renew(u8),
    /// Somebody who was removed is there again, with a new state or with his old one.
    Return(u8, bool),
    /// A device is told of the next change, or of the newest alone; or everybody of the next.
    Tell(Who),
    Leap(Who),
    TellAll,
    /// A device is told another list than everybody else.
    Mislead(Who, u8),
    Restart(Who),
    /// A state is stored, and the device later goes on from it.
    Save(Who),
    Crash(Who),
    Expire(Who, i8, u64),
    /// The clocks of all go on, or are set, by so many seconds.
    Pass(i64),
    /// Everybody is told everything, asks for what he lacks, and hears everybody.
    Settle,
}

pub type Who = u8;

pub fn op() -> impl Strategy<Value = Op> {
    prop_oneof![60 => messages(), 30 => distributions(), 20 => changes(), 15 => states()]
}

fn messages() -> impl Strategy<Value = Op> {
    let (who, any16) = (any::<Who>, any::<u16>);
    prop_oneof![
        20 => (who(), any::<u64>()).prop_map(|(from, bits)| Op::Speak(from, bits)),
        8 => who().prop_map(Op::Encrypt),
        15 => (who(), 0..8_u8).prop_map(|(to, n)| Op::Deliver(to, n)),
        10 => (0..8_u8).prop_map(Op::Broadcast),
        10 => (who(), any16()).prop_map(|(to, n)| Op::Replay(to, n)),
        8 => (who(), any16(), any16()).prop_map(|(to, n, bit)| Op::Corrupt(to, n, bit)),
        2 => (who(), any16()).prop_map(|(to, n)| Op::Rebind(to, n)),
        3 => (who(), who(), who()).prop_map(|(from, to, at)| Op::Misdate(from, to, at)),
    ]
}

fn distributions() -> impl Strategy<Value = Op> {
    let (who, any16) = (any::<Who>, any::<u16>);
    prop_oneof![
        3 => who().prop_map(Op::Rotate),
        4 => (who(), any::<u64>()).prop_map(|(from, bits)| Op::Distribute(from, bits)),
        3 => (who(), who()).prop_map(|(from, to)| Op::Give(from, to)),
        6 => (who(), who()).prop_map(|(by, of)| Op::Ask(by, of)),
        10 => any16().prop_map(Op::Receive),
        1 => (any16(), who()).prop_map(|(n, to)| Op::Relay(n, to)),
        3 => (any16(), any16()).prop_map(|(n, bit)| Op::Spoil(n, bit)),
        2 => (any16(), who()).prop_map(|(n, at)| Op::Redate(n, at)),
        2 => (any16(), 0..32_u8).prop_map(|(n, bit)| Op::Recount(n, bit)),
    ]
}

fn changes() -> impl Strategy<Value = Op> {
    let (who, any8) = (any::<Who>, any::<u8>);
    prop_oneof![
        3 => Just(Op::Join),
        2 => any8().prop_map(Op::Remove),
        1 => any8().prop_map(Op::Renew),
        2 => (any8(), any::<bool>()).prop_map(|(n, fresh)| Op::Return(n, fresh)),
        5 => who().prop_map(Op::Tell),
        2 => who().prop_map(Op::Leap),
        3 => Just(Op::TellAll),
        1 => (who(), any8()).prop_map(|(who, n)| Op::Mislead(who, n)),
    ]
}

fn states() -> impl Strategy<Value = Op> {
    let who = any::<Who>;
    let age = prop_oneof![Just(100_u64), Just(7), Just(0)];
    prop_oneof![
        3 => who().prop_map(Op::Restart),
        3 => who().prop_map(Op::Save),
        2 => who().prop_map(Op::Crash),
        3 => (who(), -20..100_i8, age).prop_map(|(at, seconds, age)| Op::Expire(at, seconds, age)),
        2 => prop_oneof![1 => 0..200_i64, 1 => -200_000_i64..200_000].prop_map(Op::Pass),
        2 => Just(Op::Settle),
    ]
}

/// Bounds so low that schedules meet them, and the usual ones.
pub fn rotation() -> impl Strategy<Value = Rotation> {
    let usual = Rotation::default();
    let messages = prop_oneof![1 => 1..20_u32, 1 => Just(usual.messages())];
    let seconds = prop_oneof![1 => 50..500_u64, 1 => Just(usual.seconds())];
    (messages, seconds).prop_map(|(messages, seconds)| Rotation::new(messages, seconds).unwrap())
}
