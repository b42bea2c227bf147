"""Facts about Twilio. Constants only; nothing here imports another package of ours.

streaming  WebSocket: events, members, tracks, the one format
errors     codes of the debugger about a stream
twiml      elements and attributes of a stream in a TwiML document
"""
