"""Many recordings at once, on existing engines (docs/bulk.md).

batch        the public function: transcode_batch
rows         input rows and result rows
opening      opens the octets of a row as an audio file
result_format  kind, rate and channel of the results of a batch
direct       G.711 and 16-bit PCM without a change of rate, from file to file by one kernel
g722_rows    many rows of G.722 in one bank
whole_files  reads and writes files of rows for the recipes
_g711_files  G.711 to a file of PCM, in one object
work         runs over many files on threads, one row per file
manifest     the rows of a run in a file, from which a later run continues
notes        notes about converted files, and reasons for calls that were not decoded
transcoding  converts one audio file of a run
decoding     decodes one packet capture of a run
"""

from typing import TYPE_CHECKING

from rtpcodec.lazy import public_names

if TYPE_CHECKING:
    from rtpcodec.bulk import whole_files as whole_files
    from rtpcodec.bulk.batch import transcode_batch as transcode_batch

__all__ = ["transcode_batch", "whole_files"]

__getattr__ = public_names(__name__, ("whole_files",), {"transcode_batch": "batch"})
