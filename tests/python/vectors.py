"""Test vectors: `generate` writes test-vectors/*.json, `verify` recomputes every one of them from its inputs."""

import json
import sys
from pathlib import Path

import book
import conversations
import envelope_archive_cases
import envelope_cases
import envelope_file_cases
import envelope_keyring_cases
import envelope_recovery_cases
import envelope_wrap_cases
import fingerprint_cases
import group_cases
import keys_cases
import sealed_cases
import session_cases

FOLDER = Path(__file__).resolve().parents[2] / "test-vectors"
LINE = 300
BUILDERS = {**keys_cases.BUILDERS, **session_cases.BUILDERS, **conversations.BUILDERS,
            **group_cases.BUILDERS, **fingerprint_cases.BUILDERS, **sealed_cases.BUILDERS,
            **envelope_cases.BUILDERS, **envelope_wrap_cases.BUILDERS, **envelope_keyring_cases.BUILDERS,
            **envelope_file_cases.BUILDERS, **envelope_recovery_cases.BUILDERS, **envelope_archive_cases.BUILDERS}


def check_coverage(made):
    """Each success has at least four failures of different causes, unless its failures are events inside it."""
    causes = {}
    for vector in made.vectors:
        if vector["expect"] != "ok":
            causes.setdefault(vector["of"], set()).add(vector["why"])
    for vector in made.vectors:
        if vector["expect"] == "ok" and "of" not in vector and vector["op"] not in book.PLAYERS:
            assert len(causes.get(vector["name"], ())) >= 4, f"{made.file}: {vector['name']} needs more failures"


def dump(value, depth=0):
    """JSON with an indent of one; what is short stands on one line."""
    short = json.dumps(value)
    if not isinstance(value, (dict, list)) or len(short) <= LINE or not value:
        return short
    pad = "\n" + " " * (depth + 1)
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {dump(item, depth + 1)}" for key, item in value.items()]
        return "{" + pad + ("," + pad).join(items) + pad[:-1] + "}"
    return "[" + pad + ("," + pad).join(dump(item, depth + 1) for item in value) + pad[:-1] + "]"


def generate(only):
    FOLDER.mkdir(exist_ok=True)
    for file in only or BUILDERS:
        made = BUILDERS[file]()
        check_coverage(made)
        text = dump({"about": made.about, "vectors": made.vectors}) + "\n"
        (FOLDER / made.file).write_text(text)
        print(f"{made.file}: {len(made.vectors)} vectors, {len(text)} bytes")


def verify_vector(vector, by_name):
    if vector["op"] in book.PLAYERS:
        return book.conversation_repeats(vector)
    expect, out = book.run(vector, by_name.get(vector.get("of")))
    return expect == vector["expect"] and out == vector.get("out")


def verify():
    passed = failed = 0
    by_name, files = {}, {file: json.loads((FOLDER / file).read_text())["vectors"] for file in BUILDERS}
    for file, vectors in files.items():
        for vector in vectors:
            good = vector["name"] not in by_name and verify_vector(vector, by_name)
            by_name[vector["name"]] = vector
            passed, failed = passed + good, failed + (not good)
            if not good:
                print(f"{file}: {vector['name']} differs")
    print(f"{passed} passed, {failed} failed")
    return failed == 0


def main():
    command, *only = sys.argv[1:] or ["help"]
    if command == "generate":
        generate(only)
    elif command == "verify":
        sys.exit(0 if verify() else 1)
    else:
        sys.exit("usage: vectors.py generate [FILE...] | verify")


if __name__ == "__main__":
    main()
