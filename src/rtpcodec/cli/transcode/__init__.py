"""The command `rtpcodec transcode`.

command  the options
outputs  the output of each input
show     converts the files and prints the report
"""
