"""Connections of the doctor, each with a deadline.

address     a URL's parts; a host's addresses; where TLS begins
request     one HTTP/1.1 request, also a WebSocket upgrade, and the head of its answer
listener    an HTTP listener that recognises a nonce
threads     a blocking function in a thread, which is abandoned at the deadline
"""
