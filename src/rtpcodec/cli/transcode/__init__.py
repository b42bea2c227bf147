"""The command `rtpcodec transcode`.

command  options
outputs  which output belongs to which input
show     the run, its progress and its end
"""
