"""The list of attacks.

silent     sockets that say nothing, or too little, before and after the upgrade
requests   HTTP: headers over the limit, guessed tokens, connections that come and go
floods     frames at full speed
messages   messages that cost more than they weigh
"""

from __future__ import annotations

from typing import Final

from tests.storm.attack import Attack
from tests.storm.attacks import floods, messages, requests, silent

NONE: Final = Attack(name="none", does="Nothing: the good calls are alone.", steps=None)
ATTACKS: Final[tuple[Attack, ...]] = (
    NONE,
    Attack(name="none_tls", does="Nothing: the good calls are alone, over TLS.", steps=None, tls=True),
    *silent.ATTACKS,
    *requests.ATTACKS,
    *floods.ATTACKS,
    *messages.ATTACKS,
)


def attack_named(name: str) -> Attack:
    """Return an attack. KeyError: there is none of that name."""
    return {attack.name: attack for attack in ATTACKS}[name]
