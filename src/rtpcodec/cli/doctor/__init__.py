"""`rtpcodec doctor`.

command     the options
show        runs the checks or the call, and prints the result
"""
