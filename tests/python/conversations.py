"""Cases of conversation.json."""

import ops
import talk
import wire
from book import Book, derive, flip, put
from keys_cases import NOW
from session_cases import party_inputs
from wire import u32


class Script:
    """Writes a conversation by playing it: every event has the result that its author expects."""

    def __init__(self, name, suite, bundle=None, **limits):
        name = "conversation/" + name
        self.name, self.suite, self.events, self.bundle = name, suite, [], bundle or {}
        self.given = ops.show({**party_inputs(suite, "conversation " + suite), "limits": limits})
        self.player, self.count, self.texts = talk.Player(self.given), 0, {}

    def do(self, what, expect="ok", **more):
        event = self.player.play(ops.show({"do": what, **more}))
        assert event["expect"] == expect, (self.name, len(self.events), event["expect"], expect)
        self.events.append(event)
        return event.get("out")

    def draw(self, what, size):
        return derive(f"{self.name} {what} {self.count}", size)

    def initiate(self, **more):
        r2 = [self.draw("r2", 32)] if self.suite == "Pqxdh1024" else []
        self.do("initiate", bundle=self.bundle, random=[self.draw("r1", 32), *r2], **more)

    def send(self, by, ad=None):
        """Sends a new message, and returns its id."""
        self.count += 1
        number = self.count
        r = [] if self.player.sessions[by].sending else [self.draw("r", 32)]
        self.texts[number] = f"{by} {number}".encode()
        self.do("send", by=by, id=number, plaintext=self.texts[number], ad=ad, random=[*r, self.draw("salt", 24)])
        return number

    def accept(self, number, **more):
        assert bytes.fromhex(self.do("accept", id=number, **more)["plaintext"]) == self.texts[number]

    def deliver(self, to, number, chain, n, **more):
        out = self.do("deliver", to=to, id=number, **more)
        assert (bytes.fromhex(out["plaintext"]), out["chain"], out["n"]) == (self.texts[number], chain, n), out

    def refuse(self, to, what, expect, why, **more):
        source = {"id": what} if isinstance(what, int) else {"bytes": what}
        self.do("deliver", expect, to=to, why=why, **source, **more)

    def bytes(self, number):
        return self.player.messages[number]

    def inner(self, number):
        """The message of these bytes, without a prefix."""
        encoded = self.bytes(number)
        return encoded if encoded[1] == wire.MESSAGE else encoded[len(wire.decode_prekey_message(encoded).prefix):]

    def snapshots(self, tag):
        for who in ("alice", "bob"):
            self.do("snapshot", of=who, id=f"{who} {tag}")

    def start(self):
        """Initiates, and has the first message accepted."""
        self.initiate()
        number = self.send("alice")
        self.accept(number)
        return number

    def add_to(self, book, about, req):
        book.add_conversation(self.name, about, req, self.given, self.events)


def edit_header(encoded, pn=None, n=None):
    """A message, not a pre-key message, with other counters."""
    encoded = encoded if pn is None else put(encoded, 34, u32(pn))
    return encoded if n is None else put(encoded, 38, u32(n))


# ---- The conversations

def ping_pong(book):
    s = Script("x3dh/ping-pong", "X3dh", {"one_time": 0})
    s.initiate()
    s.do("snapshot", of="alice", id="alice fresh")
    first, second = s.send("alice"), s.send("alice", b"ad")
    s.accept(first)
    s.snapshots("first")
    s.deliver("bob", second, 0, 1, ad=b"ad")
    s.do("accept", "UnknownPreKey(OneTime)", id=second, ad=b"ad", why="the one-time pre-key is used up")
    for i in range(4):
        reply, more = s.send("bob"), s.send("bob")
        s.deliver("alice", reply, i, 0)
        answer = s.send("alice")
        s.deliver("alice", more, i, 1)
        s.deliver("bob", answer, i + 1, 0)
        s.snapshots(f"turn {i}")
    for number, who in ((first, "bob"), (second, "bob"), (answer, "bob"), (reply, "alice"), (more, "alice")):
        s.refuse(who, number, "Duplicate", "delivered before", ad=b"ad" if number == second else None)
    s.refuse("alice", answer, "Unauthentic", "given back to its sender")
    s.add_to(book, "Turns, pre-key messages until the first reply, duplicates.", "R-14 R-35 R-39 R-40 R-43 R-44")


def reorder(book):
    s = Script("x3dh/reorder", "X3dh")
    s.start()
    late = [s.send("alice") for _ in range(4)]
    reply = s.send("bob")
    s.deliver("alice", reply, 0, 0)
    turned = [s.send("alice") for _ in range(3)]
    s.refuse("bob", flip(s.bytes(turned[2]), 100), "Unauthentic", "forged under a new ratchet key: nothing may change")
    s.deliver("bob", turned[2], 1, 2)
    s.snapshots("reordered")
    s.deliver("bob", late[3], 0, 4)
    s.deliver("bob", turned[0], 1, 0)
    s.refuse("bob", flip(s.bytes(turned[1]), 100), "Unauthentic", "forged on a kept key: the key stays")
    s.refuse("bob", s.bytes(turned[1])[:-1], "Unauthentic", "truncated on a kept key")
    s.refuse("bob", turned[1], "Unauthentic", "other associated data on a kept key", ad=b"x")
    s.deliver("bob", turned[1], 1, 1)
    s.deliver("bob", late[0], 0, 1)
    _retired_forgeries(s, late, turned)
    s.deliver("bob", late[2], 0, 3)
    s.deliver("bob", late[1], 0, 2)
    for number in (*late, *turned):
        s.refuse("bob", number, "Duplicate", "delivered before")
    s.snapshots("all delivered")
    s.add_to(book, "Reordering across a turn of the ratchet, late messages of a retired chain, forgeries.",
             "R-30 R-35 R-36 R-44")


def _retired_forgeries(s, late, turned):
    """Headers that lie, with no key for them."""
    old, new = s.inner(late[0]), s.bytes(turned[0])
    s.refuse("bob", edit_header(old, n=5), "Unauthentic", "N = length of a retired chain")
    s.refuse("bob", edit_header(old, n=2**32 - 1), "Unauthentic", "N of a retired chain far beyond its length")
    s.refuse("bob", edit_header(old, n=2), "Unauthentic", "a kept key's number on another message")
    s.refuse("bob", edit_header(old, pn=77), "Duplicate", "a used number, and PN changed: the number is judged first")
    s.refuse("bob", edit_header(new, n=2003), "Unauthentic", "N of the current chain at the limit, forged")
    s.refuse("bob", edit_header(new, n=2004), "TooFarAhead", "N passes over 2,001 keys")
    s.refuse("bob", edit_header(new, n=2**32 - 1), "TooFarAhead", "N = 4,294,967,295")
    stranger = put(new, 2, s.player.alice.public[32:])
    s.refuse("bob", stranger, "Unauthentic", "a new ratchet key while the sending chain is not active")
    answer = s.send("bob")
    s.refuse("bob", edit_header(stranger, pn=2), "Unauthentic", "PN below the current chain's next N")
    s.refuse("bob", edit_header(stranger, pn=3), "Unauthentic", "a ratchet key of nobody")
    s.refuse("bob", edit_header(stranger, pn=2003), "Unauthentic", "PN at the limit, forged")
    s.refuse("bob", edit_header(stranger, pn=2004), "TooFarAhead", "PN passes over 2,001 keys")
    s.refuse("bob", edit_header(stranger, pn=3, n=2000), "Unauthentic", "N of a new chain at the limit, forged")
    s.refuse("bob", edit_header(stranger, pn=3, n=2001), "TooFarAhead", "N of a new chain passes over 2,001 keys")
    s.refuse("bob", edit_header(stranger, pn=2, n=2001), "Unauthentic", "PN too low is found before N too far")
    s.deliver("alice", answer, 1, 0)


def eviction(book):
    small = {"max_jump": 6, "max_stored": 4}
    s = Script("x3dh/eviction", "X3dh", initiator=small, responder=small)
    s.start()
    chain = [s.send("alice") for _ in range(15)]
    s.refuse("bob", chain[7], "TooFarAhead", "N = 8 passes over 7 keys")
    s.deliver("bob", chain[6], 0, 7)
    s.snapshots("evicted")
    for i in (0, 1):
        s.refuse("bob", chain[i], "Forgotten", "evicted by later keys")
    s.deliver("bob", chain[3], 0, 4)
    s.refuse("bob", chain[6], "Duplicate", "delivered before")
    s.refuse("bob", flip(s.bytes(chain[0]), 180), "Forgotten", "forged at a forgotten position: no key to tell")
    s.deliver("bob", chain[9], 0, 10)
    s.refuse("bob", chain[2], "Forgotten", "evicted by later keys")
    s.refuse("bob", chain[3], "Forgotten" if s.player.sessions["bob"].forgotten > (0, 4) else "Duplicate",
             "delivered before; positions above the newest evicted key stay Duplicate")
    reply = s.send("bob")
    s.deliver("alice", reply, 0, 0)
    fresh = [s.send("alice") for _ in range(6)]
    s.refuse("bob", edit_header(s.bytes(fresh[0]), pn=10), "Unauthentic", "PN below the current chain's next N")
    s.refuse("bob", edit_header(s.bytes(fresh[0]), pn=18), "TooFarAhead", "PN passes over 7 keys")
    s.deliver("bob", fresh[1], 1, 1)
    s.snapshots("turned")
    s.refuse("bob", chain[4], "Forgotten", "evicted across chains")
    s.refuse("bob", chain[10], "Forgotten", "evicted across chains")
    s.deliver("bob", chain[14], 0, 15)
    s.deliver("bob", chain[13], 0, 14)
    s.deliver("bob", fresh[5], 1, 5)
    s.snapshots("end")
    s.add_to(book, "Small limits: what is evicted is Forgotten, what was delivered is Duplicate.", "R-32 R-33 R-44")


def nothing_kept(book):
    s = Script("x3dh/nothing-kept", "X3dh", responder={"max_jump": 3, "max_stored": 0})
    s.start()
    chain = [s.send("alice") for _ in range(8)]
    s.refuse("bob", chain[4], "TooFarAhead", "N = 5 passes over 4 keys")
    s.deliver("bob", chain[3], 0, 4)
    s.snapshots("jumped")
    for number in chain[:3]:
        s.refuse("bob", number, "Forgotten", "max_stored = 0")
    s.refuse("bob", chain[3], "Duplicate", "delivered before")
    s.deliver("bob", chain[4], 0, 5)
    reply = s.send("bob")
    s.deliver("alice", reply, 0, 0)
    turned = s.send("alice")
    s.deliver("bob", turned, 1, 0)
    for number in chain[5:]:
        s.refuse("bob", number, "Forgotten", "passed over by the turn")
    s.snapshots("end")
    s.add_to(book, "max_stored = 0: every key passed over is forgotten at once.", "R-32 R-33 R-44")


def restart(book):
    s = Script("pqxdh/restart", "Pqxdh1024", {"one_time": 0, "kem": 0})
    s.initiate()
    s.do("snapshot", of="alice", id="alice fresh")
    s.do("restore", of="alice", snapshot="alice fresh", min_epoch=0)
    first = s.send("alice")
    s.do("restore", "Stale", of="alice", snapshot="alice fresh", min_epoch=1, why="older than the highest epoch stored")
    s.do("snapshot", of="alice", id="alice sent")
    s.do("restore", of="alice", snapshot="alice sent", min_epoch=1)
    s.accept(first)
    s.snapshots("accepted")
    s.do("restore", of="bob", snapshot="bob accepted", min_epoch=0)
    reply, second = s.send("bob"), s.send("bob")
    s.deliver("alice", second, 0, 1)
    s.snapshots("replied")
    for who in ("alice", "bob"):
        s.do("restore", of=who, snapshot=f"{who} replied", min_epoch=2)
    s.deliver("alice", reply, 0, 0)
    _rollback(s)
    s.add_to(book, "Restarts from snapshots, and what a rollback costs.", "R-43 R-44")


def _rollback(s):
    """What a rollback costs, of state.md."""
    sent = s.send("alice")
    s.deliver("bob", sent, 1, 0)
    s.snapshots("before rollback")
    again = s.send("alice")
    s.deliver("bob", again, 1, 1)
    s.do("restore", of="alice", snapshot="alice before rollback", min_epoch=0)
    repeated = s.send("alice")
    s.refuse("bob", repeated, "Duplicate", "the sender was rolled back and used N = 1 again")
    forward = s.send("alice")
    s.deliver("bob", forward, 1, 2)
    answer = s.send("bob")
    s.deliver("alice", answer, 1, 0)
    turned = s.send("alice")
    s.deliver("bob", turned, 2, 0)
    other = s.send("bob")
    s.do("restore", of="alice", snapshot="alice before rollback", min_epoch=0)
    s.refuse("alice", other, "Unauthentic", "under a ratchet key made after the snapshot: it cannot follow")
    s.do("restore", "Stale", of="alice", snapshot="alice before rollback", min_epoch=9, why="an epoch from elsewhere")


def expiry(book):
    s = Script("x3dh/expiry", "X3dh")
    s.initiate()
    number = s.send("alice")
    s.do("expire", of="alice", now=NOW, max_age=0)
    s.accept(number)
    s.do("expire", of="bob", now=NOW, max_age=100)
    chain = [s.send("alice") for _ in range(12)]
    s.deliver("bob", chain[2], 0, 3)
    s.do("expire", of="bob", now=NOW + 10, max_age=100)
    s.do("expire", of="bob", now=NOW + 20, max_age=100)
    s.snapshots("marked")
    s.deliver("bob", chain[5], 0, 6)
    s.do("expire", of="bob", now=NOW + 21, max_age=100)
    s.do("snapshot", of="bob", id="bob too soon for a mark")
    s.do("expire", of="bob", now=NOW + 22, max_age=100)
    s.do("snapshot", of="bob", id="bob second mark")
    s.deliver("bob", chain[0], 0, 1)
    s.do("expire", of="bob", now=NOW + 109, max_age=100)
    s.snapshots("before expiry")
    s.deliver("bob", chain[8], 0, 9)
    s.do("expire", of="bob", now=NOW + 110, max_age=100)
    s.snapshots("expired")
    s.refuse("bob", chain[1], "Forgotten", "expired")
    s.refuse("bob", chain[0], "Forgotten", "delivered before; every position before the mark is forgotten")
    s.do("expire", of="bob", now=NOW + 121, max_age=100)
    s.do("expire", of="bob", now=NOW + 122, max_age=100)
    s.refuse("bob", chain[3], "Forgotten", "expired")
    s.refuse("bob", chain[5], "Forgotten", "delivered before; every position before the mark is forgotten")
    s.deliver("bob", chain[6], 0, 7)
    s.refuse("bob", chain[6], "Duplicate", "delivered before")
    reply = s.send("bob")
    s.deliver("alice", reply, 0, 0)
    turned = [s.send("alice") for _ in range(3)]
    s.deliver("bob", turned[2], 1, 2)
    s.do("expire", of="bob", now=NOW + 150, max_age=100)
    s.do("expire", of="bob", now=NOW + 130, max_age=100, why="the clock went back: later marks come back with it")
    s.do("snapshot", of="bob", id="bob clock back")
    s.do("expire", of="bob", now=NOW + 210, max_age=100)
    s.refuse("bob", chain[7], "Forgotten", "expired")
    s.deliver("bob", chain[11], 0, 12)
    s.do("expire", of="bob", now=NOW + 229, max_age=100)
    s.do("snapshot", of="bob", id="bob last second")
    s.do("expire", of="bob", now=NOW + 230, max_age=100)
    s.refuse("bob", turned[0], "Forgotten", "expired")
    s.do("expire", of="bob", now=NOW + 1000, max_age=0)
    s.snapshots("end")
    s.add_to(book, "Expiry of kept keys by marks.", "R-34 R-44 R-43")


def many_marks(book):
    s = Script("x3dh/many-marks", "X3dh")
    s.start()
    s.deliver("alice", s.send("bob"), 0, 0)
    chain = [s.send("alice") for _ in range(38)]
    for i in range(18):
        s.deliver("bob", chain[2 * i + 1], 1, 2 * i + 1)
        s.do("expire", of="bob", now=NOW + i // 3, max_age=7)
    s.do("snapshot", of="bob", id="bob sixteen marks")
    s.do("expire", of="bob", now=NOW + 11, max_age=7)
    s.refuse("bob", chain[28], "Forgotten", "expired with the fifteenth mark")
    s.deliver("bob", chain[30], 1, 30)
    s.do("expire", of="bob", now=NOW + 12, max_age=7)
    s.refuse("bob", chain[32], "Forgotten", "expired with the newest mark, which was replaced")
    s.do("snapshot", of="bob", id="bob end")
    s.add_to(book, "More than 16 marks: the newest is replaced.", "R-32 R-34")


def crossing(book):
    s = Script("pqxdh/crossing", "Pqxdh1024", {"kem": "last-resort"})
    s.initiate()
    sent = [s.send("alice") for _ in range(3)]
    s.accept(sent[2])
    s.do("accept", "Replayed", id=sent[0], why="the same handshake, and no one-time key")
    reply = s.send("bob")
    s.deliver("bob", sent[0], 0, 0)
    more = s.send("alice")
    s.refuse("bob", s.bytes(more)[:200], "Malformed(Truncated)", "a pre-key message cut in its prefix")
    s.refuse("bob", flip(s.bytes(more), 2, 2), "Malformed(UnsupportedSuite)", "suite 0")
    s.refuse("bob", flip(s.bytes(more), 500), "WrongSession", "the KEM ciphertext of the prefix changed")
    s.deliver("bob", more, 0, 3)
    s.refuse("alice", more, "WrongSession", "given back to its sender")
    s.deliver("alice", reply, 0, 0)
    s.snapshots("answered")
    _second_handshake(s)
    s.refuse("alice", flip(s.bytes(reply), 0), "Malformed(UnsupportedVersion)", "version 0")
    s.deliver("bob", sent[1], 0, 1)
    turned = s.send("alice")
    assert s.bytes(turned)[1] == wire.MESSAGE
    s.deliver("bob", turned, 1, 0)
    s.add_to(book, "Messages that cross, a later message first, another handshake's message.", "R-14 R-40 R-44 R-03")


def _second_handshake(s):
    s.initiate(**{"as": "alice again"})
    other = s.send("alice again")
    s.refuse("bob", other, "WrongSession", "a pre-key message of another handshake")
    s.refuse("alice", other, "WrongSession", "a pre-key message of another handshake")
    s.refuse("bob", s.inner(other), "Unauthentic", "a message of another handshake")


def long_talk(book, suite, bundle, name, messages):
    """A random order of sending, losing and delivering, with more than 33 turns."""
    s = Script(name, suite, bundle)
    s.start()
    coins = iter(derive(name + " coins", 4 * messages))
    under_way = {"alice": [], "bob": []}
    while s.count < messages:
        by = ("alice", "bob")[next(coins) & 1]
        to = "bob" if by == "alice" else "alice"
        under_way[to].append(s.send(by))
        if next(coins) % 4 and under_way[to]:
            _hand_over(s, to, under_way[to], next(coins))
        if s.count % 30 == 0:
            s.snapshots(f"after {s.count}")
    for who, rest in under_way.items():
        while rest:
            _hand_over(s, who, rest, 7)
    s.snapshots("end")
    s.add_to(book, "A long conversation with reordering, losses and duplicates.", "R-33 R-35 R-39 R-40 R-43")


def _hand_over(s, to, waiting, coin):
    """Delivers the newest or the oldest message, loses it, or delivers an old one again."""
    number = waiting.pop(-1 if coin % 4 else 0)
    if coin % 16 == 8:
        s.do("drop", id=number)
        return
    out = s.do("deliver", to=to, id=number)
    assert bytes.fromhex(out["plaintext"]) == s.texts[number]
    if coin % 8 == 5:
        s.refuse(to, number, "Duplicate", "delivered before")


def many_turns(book):
    """A retired chain leaves after 32 newer ones."""
    s = Script("x3dh/many-turns", "X3dh", {"one_time": 1})
    s.start()
    lost = [s.send("alice"), s.send("alice")]
    early = []
    for i in range(34):
        reply = s.send("bob")
        s.deliver("alice", reply, i, 0)
        early += [s.send("alice")] if i < 2 else []
        turned = s.send("alice")
        if i == 31:
            s.do("snapshot", of="bob", id="bob at 31 retired chains")
        s.deliver("bob", turned, i + 1, 1 if i < 2 else 0)
        if i == 31:
            s.do("snapshot", of="bob", id="bob at 32 retired chains")
            s.deliver("bob", lost[0], 0, 1)
    s.do("snapshot", of="bob", id="bob at 34 turns")
    s.refuse("bob", lost[1], "Unauthentic", "its chain is no longer among the 32 retired ones")
    s.refuse("bob", early[0], "Unauthentic", "its chain is no longer among the 32 retired ones")
    s.deliver("bob", early[1], 2, 0)
    s.refuse("bob", early[1], "Duplicate", "delivered before")
    s.add_to(book, "34 turns: the oldest retired chains go.", "R-32 R-33 R-39")


def conversation_file():
    book = Book("conversation.json",
                "Whole conversations. `in` holds both parties and the responder's store; `events` are played in order. "
                "Each has what is done (`do`), its inputs, the result (`expect`) and, in `out`, what can be seen. A "
                "refused delivery leaves the session as it was. `initiate` makes a session (alice unless `as` says "
                "otherwise), `accept` makes bob's, `send` uses `random` in order (r if the ratchet turns, then the "
                "salt), `deliver` takes the message `id` or `bytes`, `expire` is expire_skipped(now, max_age), "
                "`restore` replaces the session by an earlier snapshot.")
    for build in (ping_pong, reorder, eviction, nothing_kept, restart, expiry, many_marks, crossing, many_turns):
        build(book)
    long_talk(book, "X3dh", {"one_time": 0}, "x3dh/long", 70)
    long_talk(book, "Pqxdh1024", {"one_time": 1, "kem": 1}, "pqxdh/long", 60)
    return book


BUILDERS = {"conversation.json": conversation_file}
