"""Webhooks: what they say, when they are posted, and how they are signed.

payloads    the payload of each event
queue       Webhooks and WebhookQueue: which event is posted when, where and how often; no I/O
signing     the key that signs them; imported when needed
sender      WebhookSender: posts them, by aiohttp; imported when needed
"""
