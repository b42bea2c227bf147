"""`python -m rtpcodec` is the command `rtpcodec`."""

from __future__ import annotations

import sys

from rtpcodec.cli.app import main

if __name__ == "__main__":
    sys.exit(main())
