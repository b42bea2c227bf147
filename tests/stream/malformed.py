"""Messages that break one rule each, named for their defect. Large ones are made here, not stored.

CASES are dropped, ODD_CASES are read in part. Every value that does not belong to the defect contains the word SECRET:
no detail must repeat it.
"""

from __future__ import annotations

from dataclasses import dataclass

from rtpcodec.stream.wire import MAX_DEPTH, MAX_MESSAGE_OCTETS


@dataclass(frozen=True)
class Case:
    """A broken message and the rule that it breaks."""

    defect: str
    text: str | bytes
    rule: str

    def __str__(self) -> str:
        return self.defect.replace(" ", "-")


GOOD = '{"event":"mark","mark":{"name":"SECRET"}}'

# The text as a whole.

_JSON: dict[str, str | bytes] = {
    "empty": "",
    "blank": " \n\t ",
    "truncated in the first key": '{"eve',
    "truncated in a string": '{"event":"mark","mark":{"name":"SECRET',
    "truncated in a payload": '{"event":"media","media":{"payload":"////',
    "truncated after a comma": '{"event":"mark",',
    "truncated before the last brace": GOOD[:-1],
    "truncated in an escape": '{"event":"mark","mark":{"name":"\\',
    "trailing word": GOOD + " SECRET",
    "two objects in one text": GOOD + GOOD,
    "one brace too many": GOOD + "}",
    "trailing comma in an object": '{"event":"clear",}',
    "trailing comma in an array": '{"event":"clear","x":[1,]}',
    "key without quotes": '{event:"clear"}',
    "single quotes": "{'event':'clear'}",
    "missing colon": '{"event" "clear"}',
    "missing comma": '{"event":"clear" "x":1}',
    "comment": '{"event":"clear"/* SECRET */}',
    "NaN as a counter": '{"event":"media","media":{"payload":"","chunk":NaN}}',
    "NaN in an unknown member": '{"event":"clear","x":NaN}',
    "Infinity": '{"event":"clear","sequence_number":Infinity}',
    "minus Infinity": '{"event":"clear","x":-Infinity}',
    "undefined": '{"event":"clear","x":undefined}',
    "True as Python writes it": '{"event":"clear","x":True}',
    "number in hexadecimal": '{"event":"clear","sequence_number":0x10}',
    "number with a leading zero": '{"event":"clear","sequence_number":01}',
    "number with a plus sign": '{"event":"clear","sequence_number":+1}',
    "number that ends in a point": '{"event":"clear","x":1.}',
    "exponent without digits": '{"event":"clear","x":1e}',
    "control character in a string": '{"event":"mark","mark":{"name":"\x01"}}',
    "newline in a string": '{"event":"mark","mark":{"name":"a\nb"}}',
    "zero octet between members": '{"event":"clear",\x00"x":1}',
    "zero octet behind the object": GOOD + "\x00",
    "byte order mark": "\ufeff" + GOOD,
    "byte order mark in octets": b"\xef\xbb\xbf" + GOOD.encode(),
    "UTF-16 without a mark": GOOD.encode("utf-16-le"),
    "unknown escape": r'{"event":"mark","mark":{"name":"\q"}}',
    "unicode escape with a wrong digit": r'{"event":"mark","mark":{"name":"\u12g4"}}',
    "escaped high surrogate alone": r'{"event":"mark","mark":{"name":"\ud800"}}',
    "escaped low surrogate alone": r'{"event":"mark","mark":{"name":"\udc00"}}',
    "escaped surrogates in the wrong order": r'{"event":"mark","mark":{"name":"\udc00\ud800"}}',
    "escaped surrogate in an unknown member": r'{"event":"clear","x":"\ud800"}',
    "plain text": "SECRET",
}
_UTF8: dict[str, str | bytes] = {
    "lone surrogate": '{"event":"mark","mark":{"name":"\ud800"}}',
    "lone surrogate in an unknown member": '{"event":"clear","x":"\udfff"}',
    "octet ff": b'{"event":"mark","mark":{"name":"\xff"}}',
    "octet ff in an unknown member": b'{"event":"clear","x":"\xff"}',
    "overlong slash": b'{"event":"mark","mark":{"name":"\xc0\xaf"}}',
    "surrogate in UTF-8 dress": b'{"event":"mark","mark":{"name":"\xed\xa0\x80"}}',
    "beyond the last code point": b'{"event":"mark","mark":{"name":"\xf4\x90\x80\x80"}}',
    "truncated character": '{"event":"mark","mark":{"name":"é'.encode()[:-1],
    "Latin-1": '{"event":"mark","mark":{"name":"é"}}'.encode("latin-1"),
    "UTF-16 with a mark": GOOD.encode("utf-16"),
    "RTP packet": bytes.fromhex("80000007000003c0deadbeef") + b"\xff" * 160,
}
_SIZE: dict[str, str | bytes] = {
    "one octet too many": GOOD.ljust(MAX_MESSAGE_OCTETS + 1),
    "one octet too many, as octets": GOOD.encode().ljust(MAX_MESSAGE_OCTETS + 1),
    "huge payload": '{"event":"media","media":{"payload":"' + "A" * (2 * MAX_MESSAGE_OCTETS) + '"}}',
    "huge and truncated": "{" * (MAX_MESSAGE_OCTETS + 5),
}
_DEPTH: dict[str, str | bytes] = {
    "one level too deep": '{"event":"clear","x":' + "[" * MAX_DEPTH + "]" * MAX_DEPTH + "}",
    "deep objects": '{"event":"clear","x":' + '{"a":' * 5000 + "1" + "}" * 5001,
    "deep arrays": "[" * 100_000 + "]" * 100_000,
    "deep and without an end": '{"event":"clear","x":' + "[" * 1_000_000,
    "deep in a known member": '{"event":"start","start":{"tags":' + "[" * 500 + "]" * 500 + "}}",
    "deep behind a string with brackets": '{"event":"clear","s":"\\"]]]]","x":' + "[" * 99 + "]" * 99 + "}",
}
_OBJECT: dict[str, str | bytes] = {
    "array": "[1,2]",
    "array of messages": f"[{GOOD}]",
    "string": '"SECRET"',
    "number": "42",
    "null": "null",
    "true": "true",
}

# The members.

_MEMBER: dict[str, str | bytes] = {
    "no members": "{}",
    "no event": '{"mark":{"name":"SECRET"}}',
    "media without media": '{"event":"media"}',
    "media is null": '{"event":"media","media":null}',
    "media without a payload": '{"event":"media","media":{"chunk":"1"}}',
    "start without start": '{"event":"start"}',
    "start without a format": '{"event":"start","start":{"from":"SECRET"}}',
    "start without an encoding": '{"event":"start","start":{"media_format":{"sample_rate":8000}}}',
    "dtmf without dtmf": '{"event":"dtmf"}',
    "dtmf without a digit": '{"event":"dtmf","dtmf":{}}',
    "mark without mark": '{"event":"mark"}',
    "mark without a name": '{"event":"mark","mark":{}}',
}


def _in_media(member: str) -> str:
    return f'{{"event":"media","media":{{"payload":"",{member}}}}}'


def _in_start(member: str) -> str:
    return f'{{"event":"start","start":{{"media_format":{{"encoding":"PCMU"}},{member}}}}}'


def _in_format(member: str) -> str:
    return f'{{"event":"start","start":{{"media_format":{{"encoding":"PCMU",{member}}}}}}}'


_TYPE: dict[str, str | bytes] = {
    "event is a number": '{"event":5}',
    "event is null": '{"event":null}',
    "event is an array": '{"event":["media"]}',
    "media is a string": '{"event":"media","media":"SECRET"}',
    "media is an array": '{"event":"media","media":[]}',
    "payload is a number": '{"event":"media","media":{"payload":5}}',
    "payload is null": '{"event":"media","media":{"payload":null}}',
    "payload is an array of numbers": '{"event":"media","media":{"payload":[255,255]}}',
    "payload is false": '{"event":"media","media":{"payload":false}}',
    "start is an array": '{"event":"start","start":[]}',
    "format is a string": '{"event":"start","start":{"media_format":"PCMU"}}',
    "encoding is a number": '{"event":"start","start":{"media_format":{"encoding":0}}}',
    "mark name is a number": '{"event":"mark","mark":{"name":5}}',
    "digit is a number": '{"event":"dtmf","dtmf":{"digit":5}}',
}
_NUMBER: dict[str, str | bytes] = {
    "chunk of 5000 digits as a number": _in_media(f'"chunk":{"9" * 5000}'),
    "chunk beyond any float": _in_media('"chunk":1e400'),
}
_VALUE: dict[str, str | bytes] = {
    "empty encoding": '{"event":"start","start":{"media_format":{"encoding":""}}}',
    "no digit": '{"event":"dtmf","dtmf":{"digit":""}}',
    "several digits": '{"event":"dtmf","dtmf":{"digit":"SECRET"}}',
}


def _payload(octets: str) -> str:
    return f'{{"event":"media","media":{{"payload":"{octets}"}}}}'


_BASE64: dict[str, str | bytes] = {
    "half of the padding": _payload("AA="),
    "one character": _payload("A"),
    "one character too many": _payload("AAAAA"),
    "only padding": _payload("===="),
    "padding in front": _payload("=AAA"),
    "padding in the middle": _payload("AA==AAAA"),
    "padding behind a whole group": _payload("AAAA===="),
    "URL alphabet": _payload("AA-_"),
    "space": _payload("AA AA==="),
    "line break": _payload("AAAA\\r\\nAAAA"),
    "zero octet": _payload("AAA\\u0000"),
    "letter beyond ASCII": _payload("AAAé"),
    "data URL": _payload("data:audio/basic;base64,AAAA"),
    "hexadecimal with a prefix": _payload("0xff,0xff"),
}

_RULES: dict[str, dict[str, str | bytes]] = {
    "json": _JSON,
    "utf8": _UTF8,
    "size": _SIZE,
    "depth": _DEPTH,
    "object": _OBJECT,
    "member": _MEMBER,
    "type": _TYPE,
    "number": _NUMBER,
    "value": _VALUE,
    "base64": _BASE64,
}
CASES = [Case(defect, text, rule) for rule, texts in _RULES.items() for defect, text in texts.items()]
_ODD: dict[str, dict[str, str | bytes]] = {
    "type": {
        "track is a number": _in_media('"track":1'),
        "chunk is a fraction": _in_media('"chunk":1.5'),
        "chunk is a whole number with a point": _in_media('"chunk":1.0'),
        "chunk has an exponent": _in_media('"chunk":1e2'),
        "chunk is true": _in_media('"chunk":true'),
        "chunk is an object": _in_media('"chunk":{}'),
        "timestamp is an array": _in_media('"timestamp":[]'),
        "sequence number is a fraction": '{"event":"clear","sequence_number":1.5}',
        "stream id is a number": '{"event":"clear","stream_id":5}',
        "sample rate is a fraction": _in_format('"sample_rate":8000.5'),
        "channels is an object": _in_format('"channels":{}'),
        "call id is a number": _in_start('"call_control_id":5'),
        "caller is a number": _in_start('"from":15550100001'),
        "tags is a string": _in_start('"tags":"SECRET"'),
        "tags are numbers": _in_start('"tags":[1]'),
        "client state is an object": _in_start('"client_state":{"a":"SECRET"}'),
        "stop is a string": '{"event":"stop","stop":"SECRET"}',
        "time of a digit is a number": '{"event":"dtmf","occurred_at":5,"dtmf":{"digit":"5"}}',
        "error code is a fraction": '{"event":"error","payload":{"code":1.5}}',
        "connected is a string": '{"event":"connected","connected":"SECRET"}',
        "token is a number": '{"event":"connected","connected":{"x-telnyx-streaming-auth-token":5}}',
        "version is a number": '{"event":"connected","version":1}',
        "timestamp is a fraction": _in_media('"timestamp":20.5'),
        "timestamp is false": _in_media('"timestamp":false'),
        "call is an array": _in_start('"call_session_id":["SECRET"]'),
        "callee is an object": _in_start('"to":{"number":"SECRET"}'),
        "custom parameters are a string": _in_start('"custom_parameters":"SECRET"'),
        "custom parameters are strings": _in_start('"custom_parameters":["SECRET"]'),
        "a custom parameter without a name": _in_start('"custom_parameters":[{"value":"SECRET"}]'),
        "account of a stop is an array": '{"event":"stop","stop":{"user_id":[1]}}',
        "title of an error is a number": '{"event":"error","payload":{"title":5}}',
        "error is a list": '{"event":"error","payload":["SECRET"]}',
        "several odd members": _in_media('"track":5'),
    },
    "number": {
        "negative chunk": _in_media('"chunk":-1'),
        "negative chunk in a string": _in_media('"chunk":"-1"'),
        "empty chunk": _in_media('"chunk":""'),
        "chunk is a word": _in_media('"chunk":"SECRET"'),
        "chunk with a space": _in_media('"chunk":" 1"'),
        "chunk with an underscore": _in_media('"chunk":"1_0"'),
        "chunk in other digits": _in_media('"chunk":"\u0661\u0662"'),
        "chunk in hexadecimal": _in_media('"chunk":"0x10"'),
        "chunk of 64 bits": _in_media('"chunk":9223372036854775808'),
        "chunk of 20 digits": _in_media('"chunk":"10000000000000000000"'),
        "chunk of 5000 digits": _in_media(f'"chunk":"{"9" * 5000}"'),
        "negative timestamp": _in_media('"timestamp":"-20"'),
        "timestamp with a fraction": _in_media('"timestamp":"20.5"'),
        "negative sequence number": '{"event":"mark","sequence_number":-4,"mark":{"name":"m"}}',
        "sequence number is a word": '{"event":"stop","sequence_number":"SECRET"}',
        "negative sample rate": _in_format('"sample_rate":-8000'),
        "sample rate beyond audio": _in_format('"sample_rate":192001'),
        "sample rate with its unit": _in_format('"sample_rate":"8000 Hz"'),
        "negative channels": _in_format('"channels":-1'),
        "negative timestamp as a number": _in_media('"timestamp":-1'),
        "empty timestamp": _in_media('"timestamp":""'),
        "timestamp of a whole number with a point": _in_media('"timestamp":"20.0"'),
    },
    "base64": {
        "no padding": _payload("AAA"),
        "no padding of two": _payload("AA"),
    },
}
ODD_CASES = [Case(defect, text, rule) for rule, texts in _ODD.items() for defect, text in texts.items()]
"""Messages that break a rule in a member that nobody needs: they are read without it."""
