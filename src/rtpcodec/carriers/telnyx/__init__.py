"""Facts about Telnyx. Constants only; nothing here imports another package of ours.

members    JSON members that commands, stream messages and webhooks have in common
commands   HTTP interface: address, headers, actions, fields, enumerations, limits
errors     codes of refused commands and of error messages on the stream
streaming  WebSocket: token header, events, members, tracks, limits
texml      elements and attributes of a stream in a TeXML document
webhooks   event types, signature, delivery, members
"""
