"""The process of a worker: `python -m rtpcodec.server.workers DESCRIPTOR`, started by the supervisor only."""

import sys

from rtpcodec.server.workers.worker import main

if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
