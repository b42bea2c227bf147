"""Codes of refused commands and of error messages on the stream (docs/carrier.md, rules C12 and C42)."""

from typing import Final

# The body of a refusal: {"errors": [{code, title, detail, source, meta}, ...]}.
ERRORS: Final = "errors"
DESCRIPTION: Final = "description"
"""The official SDK's name for `detail`."""
SOURCE: Final = "source"
POINTER: Final = "pointer"
"""JSON pointer to the wrong member (RFC 6901 section 3)."""
PARAMETER: Final = "parameter"
"""The wrong query parameter."""

INVALID_URL: Final = "10003"
MISSING_PARAMETER: Final = "10004"
RESOURCE_NOT_FOUND: Final = "10005"
UNEXPECTED_ERROR: Final = "10007"
AUTHENTICATION_FAILED: Final = "10009"
AUTHORIZATION_FAILED: Final = "10010"
TOO_MANY_REQUESTS: Final = "10011"
"""A rate limit only with status 429: with 422 the code means another refusal."""
BAD_REQUEST: Final = "10015"
INVALID_JSON: Final = "10023"
LENGTH_OUT_OF_RANGE: Final = "10025"
INVALID_TYPE: Final = "10026"
JSON_CONTENT_TYPE_EXPECTED: Final = "10029"
INVALID_ENUMERATED_VALUE: Final = "10032"
INVALID_CALL_CONTROL_ID: Final = "90015"
INVALID_CLIENT_STATE: Final = "90017"
CALL_ENDED: Final = "90018"
CALL_NOT_ANSWERED: Final = "90034"
MEDIA_STREAMING_USED: Final = "90045"
"""The command is not possible while the call is streamed."""
MEDIA_STREAMING_FAILED: Final = "90046"
MEDIA_STREAMING_NOT_USED: Final = "90048"
"""The command needs a stream."""
COMMAND_INVALID: Final = "90102"
"""For example, an answer on an outgoing call."""
INVALID_DIALOGFLOW: Final = "100001"

COMMAND_ERRORS: Final = {
    INVALID_URL: (422, "Invalid URL"),
    MISSING_PARAMETER: (422, "Missing required parameter"),
    RESOURCE_NOT_FOUND: (404, "Resource not found"),
    UNEXPECTED_ERROR: (500, "Unexpected error"),
    AUTHENTICATION_FAILED: (401, "Authentication failed"),
    AUTHORIZATION_FAILED: (403, "Authorization failed"),
    TOO_MANY_REQUESTS: (429, "Too many requests"),
    BAD_REQUEST: (400, "Bad Request"),
    INVALID_JSON: (400, "Invalid JSON"),
    LENGTH_OUT_OF_RANGE: (422, "String length out of range"),
    INVALID_TYPE: (422, "Invalid parameter type"),
    JSON_CONTENT_TYPE_EXPECTED: (400, "Expected JSON Content-Type"),
    INVALID_ENUMERATED_VALUE: (422, "Invalid enumerated value"),
    INVALID_CALL_CONTROL_ID: (422, "Invalid Call Control ID"),
    INVALID_CLIENT_STATE: (422, "Invalid value for client_state"),
    CALL_ENDED: (422, "Call has already ended"),
    CALL_NOT_ANSWERED: (422, "Call has not been answered yet"),
    MEDIA_STREAMING_USED: (422, "Media Streaming is used"),
    MEDIA_STREAMING_FAILED: (422, "Media Streaming Failed"),
    MEDIA_STREAMING_NOT_USED: (422, "Media Streaming is not used"),
    COMMAND_INVALID: (422, "Command is invalid"),
    INVALID_DIALOGFLOW: (422, "Invalid Dialogflow API"),
}
"""Code: HTTP status and title; without a published status, 422 (docs/carrier.md, "Codes of refusals")."""

CODE_OF_STATUS: Final = {
    400: BAD_REQUEST,
    401: AUTHENTICATION_FAILED,
    403: AUTHORIZATION_FAILED,
    404: RESOURCE_NOT_FOUND,
    429: TOO_MANY_REQUESTS,
    500: UNEXPECTED_ERROR,
}
"""The code of a status that has only one."""

UNKNOWN_ERROR: Final = 100002
MALFORMED_FRAME: Final = 100003
INVALID_MEDIA: Final = 100004
RATE_LIMIT_REACHED: Final = 100005

STREAM_ERRORS: Final = {
    UNKNOWN_ERROR: "unknown_error",
    MALFORMED_FRAME: "malformed_frame",
    INVALID_MEDIA: "invalid_media",
    RATE_LIMIT_REACHED: "rate_limit_reached",
}
"""Code and title of an `error` message about a message of the app (docs/carrier.md, rule C42)."""
