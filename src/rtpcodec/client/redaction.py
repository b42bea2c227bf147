"""Strikes secrets out of the parts of an answer that an error text, a repr or a log may show."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

STRUCK: Final = "***"
SHORT_SECRET_CHARACTERS: Final = 8
"""A shorter value, such as "1", must not be struck out of other words and numbers."""
_URL_SAFE: Final = str.maketrans("+/", "-_")
"""RFC 4648 section 5."""


class Redaction:
    """Strikes values, whole or within other words, also in spellings that a proxy may return.

    Args:
        keys: the API key and its parts. They are found in any case, percent-encoded, and within base64.
        values: secrets of the command, found as they are.
    """

    def __init__(self, keys: Iterable[str], values: Iterable[str] = ()) -> None:
        keys = [key for key in keys if key]
        spellings = {spelling for key in keys for spelling in (key, quote(key, safe=""), *_within_base64(key))}
        self._key = _any_of(spellings, re.IGNORECASE)
        ordered = sorted({value for value in values if value}, key=len, reverse=True)
        # A pattern of a value of megabytes would take a minute to compile.
        self._long = [value for value in ordered if len(value) >= SHORT_SECRET_CHARACTERS]
        self._short = _any_of(value for value in ordered if len(value) < SHORT_SECRET_CHARACTERS)

    def text(self, words: str | None) -> str | None:
        """Return the words without secrets; None stays None."""
        return None if words is None else self.words(words)

    def words(self, words: str) -> str:
        """Return the words without secrets."""
        words = self._key.sub(STRUCK, words)
        for value in self._long:
            words = words.replace(value, STRUCK)
        return self._short.sub(STRUCK, words)

    def without_key(self, words: str | None) -> str | None:
        """Return the words without the API key; for what has to stay readable where a value of ours is as short."""
        return None if words is None else self._key.sub(STRUCK, words)

    def has_key(self, words: str) -> bool:
        """Return whether the API key or a part of it is in the words."""
        return self._key.search(words) is not None

    def is_clean(self, error: BaseException | None) -> bool:
        """Return whether a traceback of this error and its causes shows no secret."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            if self.words(shown := f"{error} {error!r}") != shown:
                return False
            error = error.__cause__ or error.__context__
        return True


def _any_of(secrets: Iterable[str], flags: re.RegexFlag = re.NOFLAG) -> re.Pattern[str]:
    """Return a pattern of all of them, the longest first; without any it finds nothing."""
    ordered = sorted(set(secrets), key=len, reverse=True)
    return re.compile("|".join(map(_pattern, ordered)) or r"(?!)", flags)


def _pattern(secret: str) -> str:
    struck = re.escape(secret)
    return struck if len(secret) >= SHORT_SECRET_CHARACTERS else rf"(?<!\w){struck}(?!\w)"


def _within_base64(secret: str) -> Iterable[str]:
    """Yield the characters that `secret` fills alone in the base64 of a longer text, for each of its 3 alignments."""
    octets = secret.encode()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + octets).decode()
        whole = encoded[-(-before * 8 // 6) : (before + len(octets)) * 8 // 6]
        if len(whole) >= SHORT_SECRET_CHARACTERS:
            yield whole
            yield whole.translate(_URL_SAFE)
