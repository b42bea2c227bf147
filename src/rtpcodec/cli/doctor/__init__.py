"""`rtpcodec doctor`.

command     the options
show        runs what they ask for, and prints it
"""
