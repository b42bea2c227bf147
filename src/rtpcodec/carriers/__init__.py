"""Facts about carriers, one package per carrier: names, enumerations, limits and codes, each written once. No logic.

telnyx  Telnyx
twilio  Twilio
"""
