"""Streams of `media` messages in all spellings that a carrier may choose, and with all faults that it must not have."""

from __future__ import annotations

import random
from base64 import b64encode
from collections.abc import Iterator

SPACES = ("", "", "", " ", "\n", "\t", " \r\n\t  ")
STRANGE_COUNTERS = (
    *('""', '" 1"', '"1 "', '"+1"', '"-1"', '"1.0"', '"1e3"', '"1_0"', '"0x1"', '"\\u0031"', '"\u0661"', '"a"'),
    *("-1", "-0", "00", "01", "1.0", "1e3", "1E0", "null", "true", "false", "[]", "{}", "1 2", "NaN", "", "+1"),
    *('"000"', '"0000000000000000007"', '"00000000000000000007"', "0", "9007199254740993"),
    *("9223372036854775807", "9223372036854775808", '"9223372036854775807"', '"9223372036854775808"'),
    *("9999999999999999999", '"9999999999999999999"', "18446744073709551617", '"18446744073709551617"'),
)
STRANGE_STRINGS = (
    *('""', "null", "1", "true", '"in\\u0062ound"', '"inbound\\n"', '"\\\\"', '"\\""', '"s\u00e9"', '"\U0001f600"'),
    *(
        '"a{b"',
        '"a[b"',
        '"a}b]"',
        '"[[[[[[[[[[[[[[[[[[[["',
        '"a\x1fb"',
        '"a\x7fb"',
        '"a\nb"',
        '"  "',
        '"/"',
        "[]",
        "{}",
    ),
    *('"inbound_track"', '"outbound_track"', '"both"', '"Inbound"', '"inbound ', 'inbound"', '"' + "x" * 300 + '"'),
)
TRACKS = ('"inbound"', '"outbound"', '"inbound_track"', '"outbound_track"', '"other"')
STRANGE_MEMBERS = (
    *(
        '"x":1',
        '"x":"y"',
        '"x":{}',
        '"payload":"AAAA"',
        '"chunk":"1"',
        '"stream_id":"s"',
        '"event":"media"',
        '"media":{}',
    ),
    *(
        '"event":"mark"',
        '"media":{"payload":"AAAA"}',
        '"":""',
        '"media\\u0020":1',
        '"sequence_number":5',
        '"x":[1,{"y":2}]',
    ),
    *(
        '"start":{}',
        '"error":"e"',
        '"version":"1"',
        '"track":"inbound"',
        ",",
        '"x"',
        '"x":',
        "1:2",
        '"timestamp":1e999',
    ),
)


class MediaSpellings:
    """Messages of one stream. Most have its style; the others differ in ways that a parser must detect."""

    def __init__(self, rng: random.Random, *, oddities: float = 0.3) -> None:
        self._rng = rng
        self._oddities = oddities
        self._outer = ["event", "sequence_number", "media", "stream_id"]
        self._inner = ["track", "chunk", "timestamp", "payload"]
        if rng.random() < 0.7:
            rng.shuffle(self._outer)
            rng.shuffle(self._inner)
        for names in (self._outer, self._inner):
            for name in list(names):
                if name not in ("event", "media", "payload") and rng.random() < 0.15:
                    names.remove(name)
        style = rng.random()
        self._around = rng.choice(SPACES) if style < 0.3 else ""
        self._comma, self._colon = (rng.choice(((",", ":"), (", ", ": ")))) if style < 0.8 else (", \n", "\t: ")
        self._wild = style > 0.95
        self._quote = ["{}" if rng.random() < 0.2 else '"{}"' for _ in range(3)]
        self._stream_id = rng.choice(('"s-1"', '"32de0dea-53cb-4b21-89a4-9e1819c043bc"', '""', '"' + "y" * 150 + '"'))
        self._octets = rng.choice((0, 1, 2, 3, 5, 20, 33, 160, 160, 161, 320, 3000))
        self._varies = rng.random() < 0.3
        self._both = rng.random() < 0.3
        self._track = rng.choice(TRACKS)
        self._chunk = rng.choice((0, 1, 7, 98, 999_998, 2**31 - 1, 2**63 - 3))

    def texts(self, count: int) -> Iterator[str | bytes]:
        """Yield messages, each as str or as octets."""
        for _ in range(count):
            self._chunk += 1
            text = self._one()
            if self._rng.random() < self._oddities / 3:
                text = self._mutated(text)
            yield text if self._rng.random() < 0.5 else text.encode("utf-8", "surrogatepass")

    def _one(self) -> str:
        body = self._object(self._inner, self._body_value)
        return (
            self._space()
            + self._object(self._outer, lambda name: body if name == "media" else self._value(name))
            + self._space()
        )

    def _object(self, names: list[str], value: object) -> str:
        assert callable(value)
        pairs = [f'"{name}"{self._space()}{self._colon}{self._space()}{value(name)}' for name in names]
        if self._odd():
            pairs.insert(self._rng.randrange(len(pairs) + 1), self._rng.choice(STRANGE_MEMBERS))
        if self._odd():
            pairs.pop(self._rng.randrange(len(pairs)))
        if self._odd():
            self._rng.shuffle(pairs)
        return "{" + self._space() + f"{self._space()}{self._comma}".join(pairs) + self._space() + "}"

    def _value(self, name: str) -> str:
        if name == "event":
            return (
                self._rng.choice(('"mark"', '"Media"', '"media "', "null", '"m\\u0065dia"'))
                if self._odd()
                else '"media"'
            )
        if name == "stream_id":
            return self._rng.choice(STRANGE_STRINGS) if self._odd() else self._stream_id
        return self._counter(0, self._chunk + 3)

    def _body_value(self, name: str) -> str:
        if name == "payload":
            return self._payload()
        if name == "track":
            if self._odd():
                return self._rng.choice(STRANGE_STRINGS)
            return self._rng.choice(TRACKS[:2]) if self._both else self._track
        return self._counter(1, self._chunk) if name == "chunk" else self._counter(2, 20 * self._chunk)

    def _counter(self, place: int, value: int) -> str:
        return self._rng.choice(STRANGE_COUNTERS) if self._odd() else self._quote[place].format(value)

    def _payload(self) -> str:
        octets = self._rng.randrange(400) if self._varies else self._octets
        text = b64encode(self._rng.randbytes(octets)).decode()
        if not self._odd():
            return f'"{text}"'
        place = self._rng.randrange(len(text) + 1)
        spoilt = self._rng.choice(
            ("=", "-", "_", " ", "\n", "\\/", "\\n", "\u00e9", "{", "A", '"', ",", "\\u0041", "", '","x":"')
        )
        kept = self._rng.choice((text[place:], text[place + 1 :], text[place + 1 :].rstrip("=")))
        return self._rng.choice((f'"{text[:place]}{spoilt}{kept}"', "null", "1", f'"{text}', text, f'"{text}="'))

    def _mutated(self, text: str) -> str:
        """Return the text with a character changed, removed or doubled, or cut, or with an addition at its end."""
        place = self._rng.randrange(len(text))
        return self._rng.choice(
            (
                text[:place] + self._rng.choice('\x00"\\{}[],:09-e.= /ntA\x7f\u00e9') + text[place + 1 :],
                text[:place] + text[place + 1 :],
                text[:place] + text[place] + text[place:],
                text[:place],
                text[place:],
                text + self._rng.choice((" ", "\n", "x", "{}", "\x00", text)),
                text[:place] + text[place : place + 9] * 2 + text[place + 9 :],
            )
        )

    def _space(self) -> str:
        return self._rng.choice(SPACES) if self._wild else self._around

    def _odd(self) -> bool:
        return self._rng.random() < self._oddities / 12
