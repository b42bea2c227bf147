"""Webhooks: their payloads, when they are posted, and their signature.

payloads    the payload of each event
signalling  Signalling: details of a call that only webhooks report
queue       Webhooks and WebhookQueue: which event is posted when, where and how often; no I/O
signing     the key that signs them; imported when needed
sender      WebhookSender: sends each post that is due in a task of its own
http_transport, memory_transport  carry one post: by aiohttp, or in memory on a virtual clock
"""
