"""What looks at a stream beside its reader: each part is a sink, and costs nothing where it is not wanted.

sinks     the sinks of one session, behind one check
privacy   private sections, in which nothing is kept
sent_decoder  the decoder of what we send
"""
