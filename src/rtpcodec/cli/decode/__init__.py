"""The command `rtpcodec decode`.

command  the options
show     decodes the captures and prints the report
"""
