"""The name of `external_websockets` up to version 0.1; `rtpcodec.renamed` has the new names."""

from rtpcodec.lazy import public_names

__getattr__ = public_names(__name__, ())
