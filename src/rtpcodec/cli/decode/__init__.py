"""The command `rtpcodec decode`.

command  options
show     from the command line to the run
"""
