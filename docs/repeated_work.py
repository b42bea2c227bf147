"""Sphinx extension: do once what Sphinx repeats for each page or each name. The site is the same without it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sphinx.domains.python import PythonDomain
from sphinx.search.en import SearchEnglish

if TYPE_CHECKING:
    from sphinx.application import Sphinx


class IndexedPythonDomain(PythonDomain):
    """The Python domain; it looks up a name in all objects only if one of them ends with it.

    Most names in signatures are those of types of Python, such as `bytes`, which the site does not describe.
    """

    _last_parts: frozenset[str] = frozenset()
    _indexed = -1

    def find_obj(self, env: Any, modname: str, classname: str, name: str, *others: Any) -> list[Any]:
        """Find an object by its name; for Sphinx."""
        if self._indexed != len(self.objects):
            self._indexed = len(self.objects)
            self._last_parts = frozenset(known.rpartition(".")[2] for known in self.objects)
        if name.removesuffix("()").rpartition(".")[2] not in self._last_parts:
            return []
        return super().find_obj(env, modname, classname, name, *others)


class CachedEnglish(SearchEnglish):
    """The words of the search; the stem of each is computed once, not once per page."""

    def __init__(self, options: dict[str, str]) -> None:
        """Cache the stems."""
        super().__init__(options)
        self.stem = cache(super().stem)  # type: ignore[method-assign]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register both."""
    app.add_domain(IndexedPythonDomain, override=True)
    app.add_search_language(CachedEnglish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
