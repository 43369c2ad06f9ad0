"""A client of the handshake over a WebSocket, in band. Nothing outside Python's own library."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from messages import Admitted, Ended, Hello, ProtocolError, Refusal, Refused, Renew, Wanted
from messages import is_message, read_message, write_ticket
from websocket import Closed, WebSocket


@dataclass
class Ticket:
    """A ticket that Steam gave to this client, with the length Steam gave, and what tells Steam that it is over."""

    data: bytes
    cancel: Callable[[], None]


class TicketSource(Protocol):
    """Where tickets come from: a Steamworks binding, a game engine's bridge, simulated Steam."""

    # Kinds it can get; the server's order of preference decides among them.
    kinds: tuple[str, ...]

    def get_ticket(self, kind: str, app_id: int, wanted: Wanted) -> Ticket:
        """Gets a fresh ticket, never one that was handed out before. For `webapi` it is made for
        `wanted.identity`, for `session` for `wanted.server_steam_id`."""


class Joined:
    """A player who is in. The connection is the game's; the protocol's own messages stay out of its sight."""

    def __init__(self, socket: WebSocket, source: TicketSource, admitted: Admitted, ticket: Ticket):
        self.admitted = admitted
        # Why it ended; None after an ordinary close.
        self.refusal: Refusal | None = None
        self.renewals = 0
        self._socket = socket
        self._source = source
        self._ticket = ticket
        self._fresh: Ticket | None = None

    def send(self, text: str) -> None:
        self._socket.send(text)

    def receive(self, timeout_s: float | None = None) -> str | None:
        """The game's next message; None when it is over. Answers renewals on the way, so call it often."""
        while True:
            try:
                text = self._socket.receive(timeout_s)
            except Closed as closed:
                self._cancel()
                if self.refusal is None and closed.code not in (1000, 1001, 1005):
                    self.refusal = Refusal("connection-lost", "The connection was lost.", True)
                return None
            if not is_message(text):
                return text
            try:
                self._handle(read_message(text))
            except ProtocolError:
                # Meant for newer clients.
                continue

    def leave(self) -> None:
        """Says goodbye, and only then cancels the ticket: Steam would otherwise be the one to tell the server."""
        self._socket.close(1000)
        self._cancel()

    def _handle(self, message: object) -> None:
        if isinstance(message, Renew):
            # Two at once: the later one counts.
            if self._fresh is not None:
                self._fresh.cancel()
            self._fresh = _present(self._socket, self._source, message)
        elif isinstance(message, Admitted) and self._fresh is not None:
            # Until now the session stood on the old one.
            self._ticket.cancel()
            self._ticket, self._fresh = self._fresh, None
            self.renewals += 1
        elif isinstance(message, Ended):
            self.refusal = message

    def _cancel(self) -> None:
        for ticket in (self._fresh, self._ticket):
            if ticket is not None:
                ticket.cancel()
        self._fresh = None
        self._ticket = Ticket(b"", lambda: None)


def join(url: str, source: TicketSource, hello_timeout_s: float = 15) -> Joined | Refusal:
    """Connects and passes the handshake. A refusal for every "no"; OSError when there is no server."""
    socket = WebSocket(url, hello_timeout_s)
    ticket: Ticket | None = None
    try:
        hello = _expect(socket, hello_timeout_s, Hello)
        if isinstance(hello, Refusal):
            return hello
        ticket = _present(socket, source, hello)
        if ticket is None:
            socket.close(4423, "ticket-wrong-kind")
            return Refusal("ticket-wrong-kind", "The server takes no ticket that this game can get.", False)
        admitted = _expect(socket, hello.timeout_ms * 2 / 1000, Admitted)
        if isinstance(admitted, Refusal):
            return admitted
        joined = Joined(socket, source, admitted, ticket)
        ticket = None
        return joined
    except ProtocolError as error:
        socket.close(4410, error.code)
        return Refusal(error.code, str(error), False)
    except TimeoutError:
        socket.close(4413, "handshake-timeout")
        return Refusal("handshake-timeout", "Signing in took too long.", True)
    except Closed:
        return Refusal("connection-lost", "The connection was lost while signing in.", True)
    finally:
        # On every way out but one the ticket has opened nothing.
        if ticket is not None:
            ticket.cancel()


def _expect(socket: WebSocket, timeout_s: float, kind: type) -> object:
    message = read_message(socket.receive(timeout_s))
    if isinstance(message, Refused):
        try:
            # The server closes right after.
            socket.receive(5)
        except (Closed, TimeoutError):
            pass
        socket.close()
        return message
    if not isinstance(message, kind):
        raise ProtocolError("protocol-error", "the server sent a message out of turn")
    return message


def _present(socket: WebSocket, source: TicketSource, wanted: Wanted) -> Ticket | None:
    kind = next((kind for kind in wanted.kinds if kind in source.kinds), None)
    if kind is None:
        return None
    app_id = wanted.apps[0]
    ticket = source.get_ticket(kind, app_id, wanted)
    try:
        socket.send(write_ticket(kind, app_id, ticket.data, wanted.identity))
    except OSError:
        # A connection that is gone says so at the next receive.
        pass
    return ticket
