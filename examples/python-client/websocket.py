"""As much of a WebSocket client (RFC 6455) as the handshake needs: text both ways, pings, close codes."""

import base64
import hashlib
import os
import socket
import ssl
import struct
import time
from urllib.parse import urlsplit

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_MAX_MESSAGE_BYTES = 1_048_576


class Closed(Exception):
    """The connection is closed; 1006 when nobody said goodbye."""

    def __init__(self, code: int, reason: str = ""):
        super().__init__(f"{code} {reason}".strip())
        self.code = code
        self.reason = reason


class WebSocket:
    """Connects when it is made. Blocks, and is for one thread."""

    def __init__(self, url: str, timeout_s: float = 15):
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss") or parts.hostname is None:
            raise ValueError('"url" must begin with ws:// or wss://')
        port = parts.port or (443 if parts.scheme == "wss" else 80)
        self._buffer = b""
        self._message = b""
        self._is_text = False
        self._is_closed = False
        self._socket = socket.create_connection((parts.hostname, port), timeout_s)
        try:
            if parts.scheme == "wss":
                self._socket = ssl.create_default_context().wrap_socket(self._socket, server_hostname=parts.hostname)
            host = parts.netloc.rpartition("@")[2]
            self._upgrade(host, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""), timeout_s)
        except BaseException:
            self._socket.close()
            raise

    def send(self, text: str) -> None:
        self._send_frame(_TEXT, text.encode())

    def receive(self, timeout_s: float | None = None) -> str:
        """The next text message. Raises Closed, or TimeoutError after `timeout_s` seconds without one, and may
        then be called again."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while True:
            is_last, opcode, payload = self._read_frame(deadline)
            if opcode == _CLOSE:
                self._answer_close(payload)
            elif opcode == _PING:
                self._send_frame(_PONG, payload)
            elif opcode != _PONG:
                # 0 continues what is under way; anything else begins a message.
                if opcode != 0:
                    self._message, self._is_text = b"", opcode == _TEXT
                self._message += payload
                if len(self._message) > _MAX_MESSAGE_BYTES:
                    self.close(1009)
                    raise Closed(1009)
                if is_last and self._is_text:
                    return self._message.decode()

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Says goodbye and waits a moment for the answer. Idempotent."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            self._send_frame(_CLOSE, struct.pack("!H", code) + reason.encode())
            deadline = time.monotonic() + 5
            while self._read_frame(deadline)[1] != _CLOSE:
                pass
        except (OSError, Closed):
            pass
        finally:
            self._socket.close()

    # ---

    def _upgrade(self, host: str, target: str, timeout_s: float) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {host}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}",
            "Sec-WebSocket-Version: 13",
        ]
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        deadline = time.monotonic() + timeout_s
        while b"\r\n\r\n" not in self._buffer:
            if len(self._buffer) > 16_384:
                raise ConnectionError("the server's answer is too long")
            self._fill(deadline)
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in fields)}
        expected = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()
        if status.split(" ")[1:2] != ["101"] or headers.get("sec-websocket-accept") != expected:
            raise ConnectionError(f"the server answered the upgrade with: {status}")

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        length = len(payload)
        if length < 126:
            head = struct.pack("!BB", 0x80 | opcode, 0x80 | length)
        elif length < 65_536:
            head = struct.pack("!BBH", 0x80 | opcode, 0x80 | 126, length)
        else:
            head = struct.pack("!BBQ", 0x80 | opcode, 0x80 | 127, length)
        mask = os.urandom(4)
        # Section 5.3: whatever a client sends is masked.
        repeated = mask * (length // 4 + 1)
        masked = int.from_bytes(payload, "big") ^ int.from_bytes(repeated[:length], "big")
        self._socket.sendall(head + mask + masked.to_bytes(length, "big"))

    def _read_frame(self, deadline: float | None) -> tuple[bool, int, bytes]:
        # Nothing is taken out of the buffer before the frame is whole, so a timeout may come at any byte.
        self._need(2, deadline)
        first, second = self._buffer[:2]
        length, start = second & 0x7F, 2
        if length == 126:
            self._need(4, deadline)
            (length,), start = struct.unpack("!H", self._buffer[2:4]), 4
        elif length == 127:
            self._need(10, deadline)
            (length,), start = struct.unpack("!Q", self._buffer[2:10]), 10
        # A server masks nothing and uses no extension that we did not ask for.
        if second & 0x80 or first & 0x70 or length > _MAX_MESSAGE_BYTES:
            self._socket.close()
            raise Closed(1002)
        self._need(start + length, deadline)
        payload, self._buffer = self._buffer[start : start + length], self._buffer[start + length :]
        return bool(first & 0x80), first & 0x0F, payload

    def _need(self, count: int, deadline: float | None) -> None:
        while len(self._buffer) < count:
            self._fill(deadline)

    def _fill(self, deadline: float | None) -> None:
        if deadline is not None and deadline <= time.monotonic():
            raise TimeoutError
        self._socket.settimeout(None if deadline is None else deadline - time.monotonic())
        try:
            chunk = self._socket.recv(65_536)
        except TimeoutError:
            raise
        except OSError:
            chunk = b""
        if not chunk:
            self._socket.close()
            raise Closed(1006)
        self._buffer += chunk

    def _answer_close(self, payload: bytes) -> None:
        code = struct.unpack("!H", payload[:2])[0] if len(payload) >= 2 else 1005
        if not self._is_closed:
            self._is_closed = True
            try:
                self._send_frame(_CLOSE, payload[:2])
            except OSError:
                pass
            self._socket.close()
        raise Closed(code, payload[2:].decode("utf-8", "replace"))
