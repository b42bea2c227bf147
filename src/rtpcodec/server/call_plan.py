"""The plan of one call: from its invitation, from the endpoint, or from a function of its request."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from rtpcodec.errors import EndpointError
from rtpcodec.pump.interrupts import end_loop
from rtpcodec.server.call_parts import UpgradeRequest
from rtpcodec.server.invitations import Invitation
from rtpcodec.stream.plan import StreamPlan

if TYPE_CHECKING:
    from rtpcodec.server.settings import EndpointSettings


def plan_of(
    settings: EndpointSettings, request: UpgradeRequest, invitation: Invitation | None
) -> tuple[StreamPlan | None, BaseException | None]:
    """Return the plan of a call, or the error of the function that returns plans.

    Returns:
        The plan, None: the default plan; the error, None: there is none.
    """
    plan = settings.plan
    if invitation is not None and invitation.plan is not None:
        return invitation.plan, None
    if plan is None or isinstance(plan, StreamPlan):
        return plan, None
    path, _, query = request.path.partition("?")
    parameters = dict(reversed(parse_qsl(query, keep_blank_values=True)))  # the first value of each name
    try:
        found = _checked(plan(path, parameters))
        settings.new_session(plan=found)  # the codec's library may be missing
    except KeyboardInterrupt as interrupt:
        end_loop(interrupt)
        return None, interrupt
    except BaseException as error:  # SystemExit as well: a request must not end the program
        return None, error
    return found, None


def _checked(plan: object) -> StreamPlan:
    if not isinstance(plan, StreamPlan):
        raise EndpointError(f"plan returned a value of type {type(plan).__name__}, a StreamPlan is needed")
    return plan
