"""Many recordings at once, on engines that exist (docs/bulk.md).

batch        the face: transcode_batch
rows         what a row holds, before and after
opening      the octets of a row opened as an audio file
wanted       what the rows of a batch become
direct       G.711 and 16-bit PCM of the rate wanted, from file to file by one kernel
g722_rows    many rows of G.722 through one bank
whole_files  files of rows, read and written for the recipes
_g711_files  a file of PCM out of G.711, in one object
work         a run over many files on threads, a row per file
manifest     the rows of a run in a file, which a later run continues
notes        oddities of converted files, and reasons for calls that were not decoded
transcoding  what a run does with an audio file
decoding     what a run does with a packet capture
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.bulk import whole_files as whole_files
    from rtpcodec.bulk.batch import transcode_batch as transcode_batch

__all__ = ["transcode_batch", "whole_files"]

__getattr__ = public_names(__name__, ("whole_files",), {"transcode_batch": "batch"})
