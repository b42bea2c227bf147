"""Modules that Python has removed, with exactly their results. No other package here uses them.

audioop  its G.711 functions
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.compat import audioop as audioop

__all__ = ["audioop"]

__getattr__ = public_names(__name__, ("audioop",))
