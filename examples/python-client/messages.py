"""The messages of the handshake, version 1. See docs/protocol.md; every rule here is from there."""

import json
import re
from dataclasses import dataclass

PREFIX = '{"ticketgate":"'
VERSION = 1
MAX_SERVER_MESSAGE_BYTES = 65_536
KINDS = ("webapi", "session", "encrypted")


class ProtocolError(Exception):
    """The server sent what is no message of the protocol. `code` says which refusal that is."""

    def __init__(self, code: str, detail: str):
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True)
class Wanted:
    """Which ticket to get, and for whom: what `hello` and `renew` share."""

    apps: tuple[int, ...]
    kinds: tuple[str, ...]
    identity: str
    server_steam_id: str | None
    # Until when the ticket must have arrived.
    timeout_ms: float


@dataclass(frozen=True)
class Hello(Wanted):
    pass


@dataclass(frozen=True)
class Renew(Wanted):
    reason: str


@dataclass(frozen=True)
class Admitted:
    steam_id: str
    owner_steam_id: str
    session: str
    renewable: bool


@dataclass(frozen=True)
class Refusal:
    """Why not, or why not any more. Show `message`, obey `retryable`; `code` may be newer than this client."""

    code: str
    message: str
    retryable: bool
    custom_code: str | None = None
    retry_after_ms: float | None = None


@dataclass(frozen=True)
class Refused(Refusal):
    pass


@dataclass(frozen=True)
class Ended(Refusal):
    pass


def is_message(text: str) -> bool:
    """Whether text is one of the protocol's messages and not the game's, judged by its first bytes."""
    return text.startswith(PREFIX)


def write_ticket(kind: str, app_id: int, data: bytes, identity: str) -> str:
    """The one message a client sends. The separators keep white space out of its first bytes."""
    message = {"ticketgate": "ticket", "kind": kind, "appId": app_id, "data": data.hex()}
    if identity:
        message["identity"] = identity
    return json.dumps(message, separators=(",", ":"))


def read_message(text: str) -> Hello | Renew | Admitted | Refused | Ended:
    """Reads what the server sent. Raises ProtocolError, and nothing else, for what is no message."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_SERVER_MESSAGE_BYTES:
        raise ProtocolError("message-too-large", "too long")
    if not is_message(text):
        raise ProtocolError("protocol-error", "not a message of this protocol")
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        # The error quotes its input: it goes nowhere.
        raise ProtocolError("protocol-error", "not JSON") from None
    readers = {
        "hello": _read_hello,
        "renew": _read_renew,
        "admitted": _read_admitted,
        "refused": lambda fields: _read_no(Refused, fields),
        "ended": lambda fields: _read_no(Ended, fields),
    }
    # After that prefix a JSON text is an object whose last "ticketgate" may still be anything.
    kind = fields.get("ticketgate")
    reader = readers.get(kind) if isinstance(kind, str) else None
    if reader is None:
        raise ProtocolError("protocol-error", "an unknown type of message")
    return reader(fields)


def _read_hello(fields: dict) -> Hello:
    version = fields.get("version")
    _check(_is_integer(version), "version")
    if version != VERSION:
        # The rest may mean anything.
        raise ProtocolError("version-unsupported", "hello of another version")
    return Hello(**_read_wanted(fields, "timeoutMs"))


def _read_renew(fields: dict) -> Renew:
    _check(_is_short(fields.get("reason")), "reason")
    return Renew(**_read_wanted(fields, "deadlineMs"), reason=fields["reason"])


def _read_wanted(fields: dict, duration: str) -> dict:
    apps, kinds, identity = fields.get("apps"), fields.get("kinds"), fields.get("identity")
    server_steam_id = fields.get("serverSteamId")
    _check(isinstance(apps, list) and len(apps) > 0 and all(map(_is_app_id, apps)), "apps")
    _check(isinstance(kinds, list) and all(map(_is_short, kinds)), "kinds")
    _check(isinstance(identity, str) and len(identity) <= 64, "identity")
    _check("serverSteamId" not in fields or _is_steam_id(server_steam_id), "serverSteamId")
    _check(_is_duration(fields.get(duration)), duration)
    return {
        "apps": tuple(apps),
        # Kinds from the future are left out.
        "kinds": tuple(kind for kind in kinds if kind in KINDS),
        "identity": identity,
        "server_steam_id": server_steam_id,
        "timeout_ms": fields[duration],
    }


def _read_admitted(fields: dict) -> Admitted:
    _check(_is_player(fields.get("steamId")), "steamId")
    _check(_is_player(fields.get("ownerSteamId")), "ownerSteamId")
    _check(_is_short(fields.get("session")), "session")
    _check(isinstance(fields.get("renewable"), bool), "renewable")
    return Admitted(fields["steamId"], fields["ownerSteamId"], fields["session"], fields["renewable"])


def _read_no(make: type, fields: dict) -> Refused | Ended:
    retry_after_ms = fields.get("retryAfterMs")
    _check(_is_short(fields.get("code")), "code")
    _check(isinstance(fields.get("message"), str), "message")
    _check(isinstance(fields.get("retryable"), bool), "retryable")
    _check("customCode" not in fields or _is_short(fields["customCode"]), "customCode")
    _check("retryAfterMs" not in fields or retry_after_ms == 0 or _is_duration(retry_after_ms), "retryAfterMs")
    return make(fields["code"], fields["message"], fields["retryable"], fields.get("customCode"), retry_after_ms)


def _check(is_right: bool, field: str) -> None:
    if not is_right:
        raise ProtocolError("protocol-error", f'"{field}" is missing or has the wrong type')


# In Python True is a number; in JSON it is not.
def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_integer(value: object) -> bool:
    return _is_number(value) and value == value and value not in (float("inf"), float("-inf")) and value == int(value)


def _is_app_id(value: object) -> bool:
    return _is_integer(value) and 1 <= value <= 0xFFFF_FFFF


def _is_duration(value: object) -> bool:
    return _is_number(value) and 0 < value <= 0x7FFF_FFFF


def _is_short(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 64


def _is_steam_id(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9]{17}", value) is not None


def _is_player(value: object) -> bool:
    # Individual accounts of the public universe: the upper half of the id is 0x01100001, the lower is not 0.
    return _is_steam_id(value) and int(value) >> 32 == 0x0110_0001 and int(value) & 0xFFFF_FFFF != 0
