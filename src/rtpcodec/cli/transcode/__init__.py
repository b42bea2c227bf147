"""The command `rtpcodec transcode`.

command  options
outputs  which output belongs to which input
show     from the command line to the run
"""
