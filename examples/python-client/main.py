"""Joins a server, says hello, prints what it hears as lines of JSON, and leaves when the server says "bye".

    python3 main.py ws://127.0.0.1:2567

Tickets come from standard input, a line of hex for each one asked for: put your Steamworks binding there.
"""

import json
import sys

from messages import Refusal, Wanted
from ticketgate import Joined, Ticket, join


def report(event: str, **facts: object) -> None:
    print(json.dumps({"event": event, **facts}), flush=True)


class TicketsFromInput:
    kinds = ("webapi", "session")

    def __init__(self) -> None:
        self._given = 0

    def get_ticket(self, kind: str, app_id: int, wanted: Wanted) -> Ticket:
        self._given += 1
        number = self._given
        report("ticket-wanted", number=number, kind=kind, appId=app_id, identity=wanted.identity)
        data = bytes.fromhex(sys.stdin.readline())
        return Ticket(data, lambda: report("ticket-cancelled", number=number))


def play(joined: Joined) -> None:
    admitted = joined.admitted
    report("admitted", steamId=admitted.steam_id, ownerSteamId=admitted.owner_steam_id, session=admitted.session)
    joined.send("hello from Python")
    while (text := joined.receive()) is not None:
        report("heard", text=text, renewals=joined.renewals)
        if text == "bye":
            joined.leave()
            report("left")
            return
    report("ended", **describe(joined.refusal))


def describe(refusal: Refusal | None) -> dict:
    if refusal is None:
        return {}
    return {"code": refusal.code, "message": refusal.message, "retryable": refusal.retryable}


if __name__ == "__main__":
    outcome = join(sys.argv[1], TicketsFromInput())
    if isinstance(outcome, Joined):
        play(outcome)
    else:
        report("refused", **describe(outcome))
        sys.exit(1)
