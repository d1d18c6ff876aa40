"""Edits of bytes that are listed by their length and SHA-256: ranges and literals, in order."""

import envelope_file as model
from wire import Reader


class Edits:
    """Edits of `base`. Those that begin with `whole` give all the bytes."""

    def __init__(self, base):
        self.base = base

    def cut(self, at):
        return {"parts": [[0, at]]}

    def append(self, part):
        return {"parts": [[0, None], part]}

    def then(self, start, end):
        return {"parts": [[0, None], [start, end]]}

    def insert(self, at, part):
        return {"parts": [[0, at], part, [at, None]]}

    def insert_copy(self, at, start, end):
        return {"parts": [[0, at], [start, end], [at, None]]}

    def remove(self, start, end):
        return {"parts": [[0, start], [end, None]]}

    def put(self, at, part):
        return {"parts": [[0, at], part, [min(at + len(part), len(self.base)), None]]}

    def flip(self, at, mask=1, and_at=None):
        """One bit, or one more at an earlier place."""
        one = bytes([self.base[at] ^ mask])
        if and_at is None:
            return self.put(at, one)
        return {"parts": [[0, and_at], bytes([self.base[and_at] ^ mask]), [and_at + 1, at], one, [at + 1, None]]}

    def swap(self, start, middle, end):
        return {"parts": [[0, start], [middle, end], [start, middle], [end, None]]}

    def copy_over(self, at, start, size):
        return {"parts": [[0, at], [start, start + size], [at + size, None]]}

    def behind(self, size, edit):
        """An edit of what stands behind the first `size` bytes."""
        moved = [[part[0] + size, None if part[1] is None else part[1] + size] if isinstance(part, list) else part
                 for part in edit["parts"]]
        return {"parts": [[0, size], *moved]}

    def whole_put(self, at, part):
        return self.base[:at] + part + self.base[at + len(part):]

    def whole_flip(self, at, mask=1):
        return self.whole_put(at, bytes([self.base[at] ^ mask]))


def header_of(data):
    return model.read_header(Reader(data))
