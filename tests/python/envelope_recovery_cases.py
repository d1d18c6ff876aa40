"""Cases of recovery.json: codes, tokens, sets and what becomes of them."""

import hmac
from dataclasses import replace

import envelope_recovery as model
from book import EDITS, Book, derive
from envelope_cases import about
from envelope_file_edits import Edits
from envelope_recovery import LETTERS, LONG, SHORT, Code
from envelope_records import decode_context
from primitives import SMALL_ORDER_U, Replay, x25519_public
from wire import u8, u16, u32, u64

CONTEXT = about("Archive").encode()
OTHER_CONTEXTS = [("purpose", "another purpose", about("File")), ("user", "another user", about("Archive", user=b"alicia")),
                  ("less", "an entry less", about("Archive", without=[8]))]
WORK = [19_456, 2, 1]
SIZES = {"long": 16, "short": 10}


def recovery_file():
    book = Book("recovery.json",
                "Recovery codes and sets. `read-code` reads what was typed. `unlock-code`: what a code is good for, with the id and the "
                "profile of a set (`long`, or KiB, passes and lanes of Argon2id); `present-code` shows a server a token. `create-recovery`: `random` are the draws, in "
                "order. `claimed-recovery`: what a stored set says of itself. `open-recovery` opens it with a `code`, which is unlocked as the set says "
                "or else as `unlocked` says, or with the archive `key`. `change-recovery`: the steps are played on the "
                "stored set, each is opened and stored again; `archive_key` is the set's at first. A failure's `in` stands over the `in` of the vector "
                "named in `of`, and over its `out.set`; `differs`: its result is another one. " + EDITS)
    for build in (_codes, _unlocking, _tokens, _sets, _changes, _last_epoch, _short):
        build(book)
    return book


# ---- Codes

CODES = [("long/first", Code(LONG, 0, bytes(16))), ("long/last", Code(LONG, 31, b"\xff" * 16)), ("long/some", Code(LONG, 9, derive("code", 16))),
         ("short/first", Code(SHORT, 0, bytes(10))), ("short/last", Code(SHORT, 31, b"\xff" * 10)), ("short/some", Code(SHORT, 17, derive("code", 10)))]


def _codes(book):
    for slug, code in CODES:
        name, text = "code/" + slug, code.text
        book.ok(name, "read-code", "R-104", {"text": text})
        plain = text.replace("-", "")
        readings = {"lower": text.lower(), "no-hyphens": plain, "each-hyphen": "-".join(plain), "hyphens-around": f"--{text}-",
                    "o": text.replace("0", "O"), "small-o": text.replace("0", "o"), "l": text.replace("1", "L"), "small-i": text.replace("1", "i")}
        for reading, typed in readings.items():
            made = book.ok(f"{name}/as/{reading}", "read-code", "R-104", {"text": typed}, name)
            assert made["out"] == book.named(name)["out"]
        _mistyped(book, name, code)


def letter(text, at, by=1):
    """Another letter in this place."""
    return text[:at] + LETTERS[(model.READ[text[at]] + by) % 32] + text[at + 1:]


def _mistyped(book, name, code):
    text = code.text

    def fail(slug, expect, why, typed):
        book.fail(name, slug, "read-code", "R-104", expect, why, text=typed)
    plain = text.replace("-", "")
    for at in range(len(plain)):
        fail(f"letter-{at}", "Mistyped", "one letter is another one", letter(plain, at, 1 + at % 31))
    swaps = [at for at in range(len(plain) - 1) if plain[at] != plain[at + 1]]
    for at in swaps[:: max(1, len(swaps) // 8)]:
        fail(f"swapped-{at}", "Mistyped", "two neighbours exchanged", plain[:at] + plain[at + 1] + plain[at] + plain[at + 2:])
    fail("less", "WrongLength", "a letter too few", plain[:-1])
    fail("more", "WrongLength", "a letter too many", plain + "0")
    fail("group-less", "WrongLength", "a group too few", text[:-5])
    fail("empty", "WrongLength", "nothing", "")
    fail("hyphens", "WrongLength", "hyphens alone", "-------")
    for slug, odd in (("u", "U"), ("small-u", "u"), ("star", "*"), ("space", " "), ("underscore", "_"), ("nul", "\0"), ("fullwidth", "\uff10"),
                      ("cyrillic", "\u0410"), ("dotless-i", "\u0131"), ("en-dash", "\u2013"), ("long-s", "\u017f"), ("kelvin", "\u212a")):
        fail("letter-" + slug, "NotALetter", "what is no letter", odd + plain[1:])
    fail("letter-and-length", "NotALetter", "what is no letter, and too few letters", "U" + plain[2:])
    fail("spaces", "NotALetter", "spaces between the groups", text.replace("-", " "))
    fail("newline", "NotALetter", "a line's end behind it", text + "\n")
    if code.kind == LONG:
        for version in (0, 2, 7):
            fail(f"version-{version}", "UnsupportedVersion", "another version, with its check", replace(code, version=version).text)
        fail("version-and-check", "Mistyped", "another version, without its check", letter(plain, 0, 8))


# ---- What a code is good for

def _unlocking(book):
    set_id, name = derive("set id", 16), "unlock/long"
    code = CODES[2][1]
    book.ok(name, "unlock-code", "R-104", {"code": code.text, "set_id": set_id, "profile": "long"})

    def differs(slug, why, **changed):
        book.fail(name, slug, "unlock-code", "R-104", "differs", why, **changed)
    differs("set", "another set", set_id=derive("other set id", 16))
    differs("index", "another index", code=replace(code, index=10).text)
    differs("secret", "another secret", code=replace(code, secret=derive("other code", 16)).text)
    differs("secret-bit", "a bit of the secret", code=replace(code, secret=code.secret[:-1] + bytes([code.secret[-1] ^ 1])).text)
    book.fail(name, "mistyped", "unlock-code", "R-104", "Mistyped", "a letter is another one", code=letter(code.text, 0))


def _tokens(book):
    token = model.unlock(CODES[2][1], derive("set id", 16), model.Profile(LONG)).token
    name = "token/good"
    book.ok(name, "present-code", "R-104", {"token": token, "verifier": model.verifier(token)})

    def fail(slug, why, **changed):
        book.fail(name, slug, "present-code", "R-104", "refused", why, **changed)
    edits = Edits(token)
    fail("first", "a bit flipped at the beginning", token=edits.whole_flip(0))
    fail("last", "a bit flipped at the end", token=edits.whole_flip(31))
    fail("verifier", "a bit flipped in the verifier", verifier=Edits(model.verifier(token)).whole_flip(16))
    fail("shown", "the verifier itself", token=model.verifier(token))
    fail("zeros", "zeros", token=bytes(32))


# ---- Sets

def create(name, count, profile="long", work=None):
    secrets = [derive(f"{name} secret {i}", SIZES[profile]) for i in range(count)]
    wrapping = [derive(f"{name} {i} {size}", size) for i in range(count) for size in (32, 24)]
    return {"context": CONTEXT, "profile": work or "long", "count": count,
            "random": [derive(name + " id", 16), *secrets, derive(name + " key", 32), *wrapping]}


def _sets(book):
    for count in (1, 3, 32):
        name = f"set/{count}"
        given = create(name, count)
        made = book.ok(name, "create-recovery", "R-104 R-105", given)["out"]
        for i in sorted({0, count - 1}):
            book.ok(f"{name}/code-{i}", "open-recovery", "R-104", {"code": made["codes"][i]["code"]}, name)
        book.ok(f"{name}/key", "open-recovery", "R-104", {"key": made["key"]}, name)
        book.ok(f"{name}/claimed", "claimed-recovery", "R-104", {}, name)

        def fail(slug, expect, why, **changed):
            book.fail(name, slug, "create-recovery", "R-104", expect, why, **changed)
        fail("none", "InvalidCount", "no codes", count=0, random=[])
        fail("33", "InvalidCount", "33 codes", count=33, random=[])
        fail("255", "InvalidCount", "255 codes", count=255, random=[])
        for drawn, what in ((0, "the id"), (1, "the first secret"), (count + 1, "the archive key"), (count + 2, "the first wrapping"),
                            (count + 3, "the salt of the first wrapping")):
            fail(f"no-randomness-{drawn}", "Randomness", f"the generator fails at {what}", random=given["random"][:drawn])
        _wrong_codes(book, name, made)
        _set_bytes(book, name, made)
    _made_up(book, "set/3")


def _opening(book, name, code):
    def fail(slug, expect, why, **changed):
        by = {} if "key" in changed else {"code": code}
        book.fail(name, "opened/" + slug, "open-recovery", "R-104", expect, why, **{**by, **changed})
    return fail


def _wrong_codes(book, name, made):
    codes = [one["code"] for one in made["codes"]]
    fail, code = _opening(book, name, codes[-1]), model.read_code(codes[-1])
    fail("mistyped", "Mistyped", "a letter is another one", code=letter(codes[-1], 5))
    fail("other-set", "WrongSet", "the code of another set", code=Code(LONG, 0, derive("other secret", 16)).text)
    fail("other-index", "WrongSet", "the secret with another index", code=replace(code, index=(code.index + 1) % 32).text)
    fail("no-such-index", "WrongSet", "an index that the set has not", code=Code(LONG, 31, derive("other secret", 16)).text)
    fail("unlocked-for-another", "WrongSet", "a code of the set, unlocked for another one",
         unlocked={"set_id": derive("other set id", 16), "profile": "long"})
    fail("short", "WrongForm", "a short code", code=Code(SHORT, 0, bytes(10)).text)
    fail("stale", "Stale", "an epoch is expected that is higher", min_epoch=1)
    fail("very-stale", "Stale", "the highest epoch is expected", min_epoch=2**64 - 1)
    fail("key/very-stale", "Stale", "the highest epoch is expected, by the key", key=made["key"], min_epoch=2**64 - 1)
    for slug, why, other in OTHER_CONTEXTS:
        fail("context-" + slug, "Unauthentic", why, with_context=other.encode())
        fail("key/context-" + slug, "Unauthentic", why + ", by the key", with_context=other.encode(), key=made["key"])
    fail("key/other", "Unauthentic", "another archive key", key=derive("other key", 32))
    fail("key/stale", "Stale", "an epoch is expected that is higher, by the key", key=made["key"], min_epoch=1)


HEAD = 28


def _set_bytes(book, name, made):
    encoded = bytes.fromhex(made["set"])
    edits, count, codes = Edits(encoded), len(made["codes"]), [one["code"] for one in made["codes"]]
    fail, key = _opening(book, name, codes[0]), made["key"]
    size = (len(encoded) - HEAD - 2 - model.MAC) // count

    def malformed(slug, error, why, changed):
        fail("bytes/" + slug, f"Malformed({error})", why, set=changed)
        book.fail(name, "claimed/bytes/" + slug, "claimed-recovery", "R-104 R-105", f"Malformed({error})", why, set=changed)
    malformed("epoch", "NotCanonical", "the epoch 2^64 - 1", edits.whole_put(20, b"\xff" * 8))
    fail("bytes/last-epoch", "Unauthentic", "the epoch 2^64 - 2", set=edits.whole_put(20, u64(2**64 - 2)))
    malformed("magic", "WrongKind", "another magic", edits.whole_put(0, b"EKR1"))
    malformed("format", "UnsupportedVersion", "another version of the format", edits.whole_put(3, b"2"))
    for profile in (0, 3):
        malformed(f"profile-{profile}", "UnsupportedVersion", "an unknown profile", edits.whole_put(HEAD, u8(profile)))
    malformed("no-codes", "NotCanonical", "no codes", edits.whole_put(HEAD + 1, b"\0"))
    malformed("33-codes", "TooMany", "33 codes are claimed", edits.whole_put(HEAD + 1, b"\x21"))
    malformed("255-codes", "TooMany", "255 codes are claimed", edits.whole_put(HEAD + 1, b"\xff"))
    malformed("behind", "TrailingBytes", "a byte behind the end", encoded + b"\0")
    first = HEAD + 2
    for at in sorted({0, 3, 4, 20, HEAD, HEAD + 1, first, first + 1, first + 2, first + 34, first + 66, first + 98, first + 100, first + size,
                      len(encoded) - 32, len(encoded) - 1}):
        malformed(f"cut-{at}", "Truncated", f"cut at byte {at}", encoded[:at])
    _entry_bytes(malformed, edits, first, size, count)
    for at, what in ((4, "the set's id"), (HEAD - 1, "the epoch"), (first + 2, "the verifier"), (first + 34, "the public key"), (first + 66, "the tag"),
                     (first + size - 1, "the wrapped key"), (len(encoded) - 1, "the MAC")):
        expect = {4: "Malformed(NotCanonical)", first + 2: "WrongSet", first + 34: "WrongSet"}.get(at, "Unauthentic")
        fail(f"flip-{at}", expect, f"a bit flipped in {what}", set=edits.whole_flip(at))
        if at != 4:
            fail(f"key/flip-{at}", "Unauthentic", f"a bit flipped in {what}, by the key", set=edits.whole_flip(at), key=key)


def _entry_bytes(malformed, edits, first, size, count):
    encoded = edits.base
    malformed("index", "NotCanonical", "the first code has index 1", edits.whole_put(first, b"\1"))
    for state in (0, 4):
        malformed(f"state-{state}", "UnsupportedVersion", "an unknown state", edits.whole_put(first + 1, u8(state)))
    malformed("used-with-key", "NotCanonical", "a used code with a wrapped key", edits.whole_put(first + 1, b"\2"))
    malformed("revoked-with-key", "NotCanonical", "a revoked code with a wrapped key", edits.whole_put(first + 1, b"\3"))
    without = encoded[:first + 98] + u16(0) + encoded[first + size:]
    malformed("unused-without-key", "NotCanonical", "an unused code without a wrapped key", without)
    malformed("key-small-order", "InvalidKey", "a public key of small order", edits.whole_put(first + 34, SMALL_ORDER_U[2]))
    malformed("key-high-bit", "InvalidKey", "a public key with bit 255 set", edits.whole_flip(first + 65, 0x80))
    wrapped = first + 100
    malformed("wrapped-magic", "WrongKind", "a wrapped key of another format", edits.whole_flip(wrapped))
    malformed("wrapped-type", "UnsupportedVersion", "an unknown type of wrapped key", edits.whole_put(wrapped + 1, b"\6"))
    malformed("wrapped-flags", "InvalidFlags", "a flag of the wrapped key", edits.whole_put(wrapped + 3, b"\1"))
    malformed("wrapped-key-id", "NotCanonical", "a key id in the wrapped key", edits.whole_put(wrapped + 7, b"\1"))
    malformed("wrapped-epoch", "NotCanonical", "an epoch in the wrapped key", edits.whole_put(wrapped + 11, b"\1"))
    malformed("wrapped-set", "NotCanonical", "another set's id in the wrapped key", edits.whole_flip(wrapped + 13))
    malformed("wrapped-index", "NotCanonical", "another index in the wrapped key", edits.whole_flip(wrapped + 29))
    malformed("wrapped-ephemeral", "InvalidKey", "an ephemeral key of small order", edits.whole_put(wrapped + 30, SMALL_ORDER_U[1]))
    longer = u16(size - 100 + 1) + encoded[wrapped:first + size] + b"\0"
    malformed("wrapped-longer", "TrailingBytes", "a byte behind the wrapped key", encoded[:first + 98] + longer + encoded[first + size:])
    malformed("wrapped-reference", "NotCanonical", "a reference in the wrapped key", edits.whole_put(wrapped + 12, b"\1"))
    malformed("wrapped-purpose", "UnsupportedVersion", "an unknown purpose of the wrapped key", edits.whole_put(wrapped + 2, b"\0"))
    body = encoded[wrapped + 62:first + size]
    x25519, local = b"\xb1\4\4\0" + bytes(8) + b"\x08" + bytes(8) + encoded[wrapped + 30:wrapped + 62] + body, b"\xb1\1\4\0" + bytes(9) + body
    for slug, other in (("x25519", x25519), ("local", local)):
        malformed("wrapped-" + slug, "NotCanonical", f"a wrapped key of another type, {slug}",
                  encoded[:first + 98] + u16(len(other)) + other + encoded[first + size:])
    if count > 1:
        entries = [encoded[first + size * i:first + size * (i + 1)] for i in range(count)]
        head, mac = encoded[:first], encoded[-model.MAC:]
        malformed("exchanged", "NotCanonical", "two codes exchanged", head + entries[1] + entries[0] + b"".join(entries[2:]) + mac)
        malformed("twice", "NotCanonical", "a code twice", head + entries[0] * 2 + b"".join(entries[2:]) + mac)


def _made_up(book, name):
    """What somebody can make who stores the set: an archive key of his own, and his own keys in the place of another code's."""
    made = book.named(name)["out"]
    where, fail = decode_context(CONTEXT), _opening(book, name, made["codes"][0]["code"])
    stored, _, _ = model.decode(bytes.fromhex(made["set"]))

    def forged(codes):
        draws = Replay([derive("made up", 32)] + [derive(f"made up {i} {size}", size) for i in range(len(codes)) for size in (32, 24)])
        return replace(replace(stored, codes=codes).again(where, draws), epoch=0).encode(where)
    opened = book.ok(f"{name}/opened/made-up", "open-recovery", "R-104", {"code": made["codes"][0]["code"], "set": forged(stored.codes)}, name)
    assert opened["out"]["key"] == derive("made up", 32).hex()
    theirs = replace(stored.codes[1], public=x25519_public(derive("theirs", 32)))
    fail("made-up/public", "Unauthentic", "somebody else's public key for another code", set=forged((stored.codes[0], theirs, stored.codes[2])))
    theirs = replace(stored.codes[2], verifier=bytes(32))
    fail("made-up/verifier", "Unauthentic", "another verifier for another code", set=forged((*stored.codes[:2], theirs)))
    fail("made-up/fewer", "Unauthentic", "a code less", set=forged(stored.codes[:2]))
    fail("made-up/more", "Unauthentic", "a code more", set=forged((*stored.codes, stored.codes[0])))
    other = replace(stored.codes[0], tag=hmac.digest(bytes(32), stored.roster(where), "sha256"))
    fail("made-up/tag", "Unauthentic", "a tag under another key", set=forged((other, *stored.codes[1:])))
    fail("made-up/key", "Unauthentic", "by the key that it had", set=forged(stored.codes), key=made["key"])
    _made_for_something_else(fail, stored, bytes.fromhex(made["key"]), where)


def _made_for_something_else(fail, stored, key, where):
    """The archive key, wrapped for the first code under the set's context, but not as a set's own or as another one's, and the MAC fits."""
    for slug, why, owner in (("plain", "as an archive's key", b""), ("other-set", "as another set's", derive("other set id", 16))):
        kek = model.CodePair(stored.id, 0, public=stored.codes[0].public)
        wrapped = kek.wrap(key, where, Replay([derive(f"{slug} {size}", size) for size in (32, 24)]), owner=owner)
        codes = (replace(stored.codes[0], wrapped=wrapped), *stored.codes[1:])
        fail("made-for/" + slug, "Unauthentic", "wrapped " + why, set=replace(stored, codes=codes, key=key).encode(where))


# ---- Changes

def step(name, left, **what):
    return {**what, "random": [derive(name + " key", 32)] + [derive(f"{name} {i} {size}", size) for i in range(left) for size in (32, 24)]}


def _changes(book):
    name = "set/8"
    made = book.ok(name, "create-recovery", "R-104", create(name, 8))["out"]
    codes = [one["code"] for one in made["codes"]]
    _wrong_codes(book, name, made)
    base = {"context": CONTEXT, "set": made["set"], "archive_key": made["key"]}
    scripts = {"use-up": [step("use up", 7, use_up=codes[2])], "revoke": [step("revoke", 7, revoke=7)], "renew": [step("renew", 8)],
               "life": [step("life 0", 7, use_up=codes[5]), step("life 1", 6, revoke=0), step("life 2", 6), step("life 3", 5, use_up=codes[1])],
               "to-the-end": [step(f"end {i}", 7 - i, use_up=codes[7 - i]) for i in range(8)]}
    for slug, steps in scripts.items():
        _script(book, "change/" + slug, {**base, "steps": steps}, codes)


def _script(book, name, given, codes):
    out = book.ok(name, "change-recovery", "R-104", given)["out"]
    states, epoch, steps = out["steps"][-1]["states"], out["steps"][-1]["epoch"], given["steps"]

    def opened(slug, expect, why, **changed):
        book.fail(name, slug, "open-recovery", "R-104", expect, why, **changed)
    for i, state in enumerate(states):
        if state == "Unused":
            book.ok(f"{name}/code-{i}", "open-recovery", "R-104", {"code": codes[i], "min_epoch": epoch}, name)
            opened(f"code-{i}-stale", "Stale", f"code {i}, and an epoch is expected that is higher", code=codes[i], min_epoch=epoch + 1)
        else:
            opened(f"code-{i}", state, f"code {i}, which was {state.lower()}", code=codes[i])
            opened(f"code-{i}-context", state, f"code {i}, which was {state.lower()}, and another context", code=codes[i],
                   with_context=about("File").encode())
    book.ok(f"{name}/key", "open-recovery", "R-104", {"key": out["steps"][-1]["key"], "min_epoch": epoch}, name)
    opened("old-key", "Unauthentic", "the archive key that it had before", key=given["archive_key"])
    opened("stale", "Stale", "by the key, and an epoch is expected that is higher", key=out["steps"][-1]["key"], min_epoch=epoch + 1)
    encoded = bytes.fromhex(out["set"])
    opened("mac", "Unauthentic", "a bit flipped in the MAC, by the key", key=out["steps"][-1]["key"], set=Edits(encoded).whole_flip(len(encoded) - 1))
    _states(opened, encoded, states, codes)
    _more_steps(book, name, states, codes, steps)


def _states(opened, encoded, states, codes):
    """States are said before they are authenticated."""
    made, _, mac = model.decode(encoded)
    gone = next((i for i, state in enumerate(states) if state != "Unused"), None)
    if gone is None:
        return
    other = model.REVOKED if states[gone] == "Used" else model.USED
    changed = replace(made, codes=tuple(replace(c, state=other) if i == gone else c for i, c in enumerate(made.codes)))
    opened("state-changed", "Revoked" if other == model.REVOKED else "Used", "the state was changed, and is said before it is authenticated",
           code=codes[gone], set=changed.signed() + mac)
    back = replace(made, codes=tuple(replace(c, state=model.UNUSED) if i == gone else c for i, c in enumerate(made.codes)))
    opened("state-back", "Malformed(NotCanonical)", "the state is unused again, without a wrapped key", code=codes[gone], set=back.signed() + mac)


def _more_steps(book, name, states, codes, steps):
    def fail(slug, expect, why, more):
        book.fail(name, "then/" + slug, "change-recovery", "R-104", expect, why, steps=[*steps, more])
    left = states.count("Unused")
    fail("no-such-code", "NotUnused", "a code is revoked that the set has not", {"revoke": 8, "random": []})
    fail("no-code-255", "NotUnused", "a code is revoked that no set has", {"revoke": 255, "random": []})
    fail("no-randomness", "Randomness", "the generator fails", {"random": []})
    if left:
        fail("no-wrapping", "Randomness", "the generator fails at the first wrapping", {"random": [derive("key", 32)]})
    for i, state in enumerate(states):
        if state != "Unused":
            fail(f"use-{i}", state, f"code {i} again, which was {state.lower()}", {"use_up": codes[i], "random": []})
            fail(f"revoke-{i}", "NotUnused", f"code {i} is revoked, which was {state.lower()}", {"revoke": i, "random": []})


def _last_epoch(book):
    """The set as it would be after so many changes that there is one left."""
    made, where = book.named("set/3")["out"], decode_context(CONTEXT)
    stored, _, _ = model.decode(bytes.fromhex(made["set"]))
    late = replace(stored, epoch=2**64 - 3, key=bytes.fromhex(made["key"])).encode(where)
    name, codes = "change/last", [one["code"] for one in made["codes"]]
    given = {"context": CONTEXT, "set": late, "archive_key": made["key"], "steps": [step("last", 2, use_up=codes[0])]}
    out = book.ok(name, "change-recovery", "R-104", given)["out"]
    for slug, by in (("code", {"code": codes[1]}), ("key", {"key": out["steps"][0]["key"]})):
        book.ok(f"{name}/{slug}", "open-recovery", "R-104", {**by, "min_epoch": 2**64 - 2}, name)
        book.fail(name, slug + "-stale", "open-recovery", "R-104", "Stale", f"by the {slug}, and the highest epoch is expected", **by,
                  min_epoch=2**64 - 1)

    def fail(slug, why, **more):
        book.fail(name, "then/" + slug, "change-recovery", "R-104", "Exhausted", why, steps=[*given["steps"], {**more, "random": []}])
    fail("use-up", "another code is used up", use_up=codes[1])
    fail("revoke", "another code is revoked", revoke=2)
    fail("renew", "the key is renewed")


# ---- Short codes

def _short(book):
    name, set_id = "unlock/short", derive("set id", 16)
    code = CODES[5][1]
    book.ok(name, "unlock-code", "R-104", {"code": code.text, "set_id": set_id, "profile": WORK})

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "unlock-code", "R-104", expect, why, **changed)
    fail("set", "differs", "another set", set_id=derive("other set id", 16))
    fail("index", "differs", "another index", code=replace(code, index=18).text)
    fail("passes", "differs", "another pass", profile=[19_456, 3, 1])
    fail("memory", "differs", "another KiB", profile=[19_457, 2, 1])
    fail("lanes", "differs", "another lane", profile=[19_456, 2, 2])
    fail("as-long", "WrongForm", "a short code for a set of long ones", profile="long")
    fail("long", "WrongForm", "a long code for a set of short ones", code=CODES[2][1].text)
    fail("long-weak", "WrongForm", "a long code for a set of short ones that are too weak", code=CODES[2][1].text, profile=[8192, 1, 1])
    for work in WEAK:
        fail("weak-{}-{}-{}".format(*work), "TooWeak", "less than 19 MiB and 2 passes", profile=work)
    for work in OUT_OF_BOUNDS:
        fail("bounds-{}-{}-{}".format(*work), "ParametersOutOfBounds", "parameters out of bounds", profile=work)
    _short_set(book)


WEAK = [[8192, 1, 1], [19_455, 2, 1], [19_456, 1, 1], [2_097_152, 1, 16], [8192, 64, 16]]
OUT_OF_BOUNDS = [[8191, 2, 1], [2_097_153, 2, 1], [2**32 - 1, 2, 1], [19_456, 0, 1], [19_456, 65, 1], [19_456, 2, 0], [19_456, 2, 17]]


def _short_set(book):
    name = "set/short"
    made = book.ok(name, "create-recovery", "R-104", create(name, 2, "short", WORK))["out"]
    codes = [one["code"] for one in made["codes"]]
    book.ok(f"{name}/code-1", "open-recovery", "R-104", {"code": codes[1]}, name)
    book.ok(f"{name}/key", "open-recovery", "R-104", {"key": made["key"]}, name)
    book.ok(f"{name}/claimed", "claimed-recovery", "R-104", {}, name)
    for work in WEAK:
        book.fail(name, "created/weak-{}-{}-{}".format(*work), "create-recovery", "R-104", "TooWeak", "less than 19 MiB and 2 passes", profile=work)
    fail, encoded = _opening(book, name, codes[1]), bytes.fromhex(made["set"])
    edits = Edits(encoded)
    fail("mistyped", "Mistyped", "a letter is another one", code=letter(codes[1], 7))
    fail("long", "WrongForm", "a long code", code=CODES[2][1].text)
    fail("unlocked-long", "WrongSet", "a long code, unlocked for long ones", code=Code(LONG, 1, derive("other", 16)).text,
         unlocked={"set_id": made["id"], "profile": "long"})
    fail("unlocked-otherwise", "WrongSet", "a code of the set, unlocked with another pass", unlocked={"set_id": made["id"], "profile": [19_456, 3, 1]})
    fail("other", "WrongSet", "another code", code=Code(SHORT, 1, derive("other", 10)).text)
    fail("index", "WrongSet", "an index that the set has not", code=Code(SHORT, 2, derive("other", 10)).text)
    fail("stale", "Stale", "an epoch is expected that is higher", min_epoch=1)
    fail("context", "Unauthentic", "another context", with_context=about("Archive", user=b"bob").encode())
    fail("version", "Malformed(UnsupportedVersion)", "another version of Argon2", set=edits.whole_put(HEAD + 1, b"\x10"))
    for kib, passes, lanes in WEAK + OUT_OF_BOUNDS:
        changed = edits.whole_put(HEAD + 2, u32(kib) + u32(passes) + u8(lanes))
        why = "too weak" if [kib, passes, lanes] in WEAK else "out of bounds"
        fail(f"work-{kib}-{passes}-{lanes}", "OutOfBounds", "parameters " + why, set=changed)
        fail(f"key/work-{kib}-{passes}-{lanes}", "OutOfBounds", f"parameters {why}, by the key", set=changed, key=made["key"])
        book.fail(name, f"claimed/work-{kib}-{passes}-{lanes}", "claimed-recovery", "R-104", "OutOfBounds", "parameters " + why, set=changed)
    fail("passes", "WrongSet", "another pass", set=edits.whole_put(HEAD + 6, u32(3)))
    for at in (HEAD, HEAD + 1, HEAD + 5, HEAD + 10, HEAD + 11):
        fail(f"cut-{at}", "Malformed(Truncated)", f"cut at byte {at}", set=encoded[:at])
    fail("key/passes", "Unauthentic", "another pass, by the key", set=edits.whole_put(HEAD + 6, u32(3)), key=made["key"])
    _short_changes(book, made, codes)


def _short_changes(book, made, codes):
    name = "change/short"
    given = {"context": CONTEXT, "set": made["set"], "archive_key": made["key"], "steps": [step("short", 1, use_up=codes[0])]}
    out = book.ok(name, "change-recovery", "R-104", given)["out"]
    book.ok(f"{name}/code-1", "open-recovery", "R-104", {"code": codes[1], "min_epoch": 1}, name)

    def fail(slug, expect, why, **changed):
        book.fail(name, slug, "open-recovery", "R-104", expect, why, **changed)
    fail("used", "Used", "the code again", code=codes[0])
    fail("stale", "Stale", "an epoch is expected that is higher", code=codes[1], min_epoch=2)
    fail("old-key", "Unauthentic", "the archive key that it had before", key=made["key"])
    fail("old-set", "Stale", "the set as it was before", code=codes[1], min_epoch=1, set=bytes.fromhex(made["set"]))
    assert out["steps"][0]["states"] == ["Used", "Unused"]


BUILDERS = {"recovery.json": recovery_file}
