"""The checks of `rtpcodec doctor`, each a function that returns findings and does not raise for faults that it finds.

key               the API key and the carrier's HTTP interface; clock; the public key of webhooks
url               the public URLs: their form, and the addresses of their hosts
certificate       the TLS chain of a URL; certificate_file: that of an endpoint that serves wss itself
stream_endpoint   opens the stream's URL and recognises the endpoint behind it; token
webhook           posts to the webhook's URL and recognises the app behind it
plan              the plan against codecs, libraries and packages
ports             whether the ports can be listened on
"""
