"""Webhooks: their payloads, when they are posted, and their signature.

payloads    the payload of each event
signalling  Signalling: details of a call that only webhooks report
queue       Webhooks and WebhookQueue: which event is posted when, where and how often; no I/O
signing     the key that signs them; imported when needed
sender      WebhookSender: posts them, by aiohttp; imported when needed
"""
