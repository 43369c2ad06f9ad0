"""Holds the parser against the protocol's test vectors: python3 check_vectors.py ../../docs/protocol-vectors.json"""

import json
import sys

from messages import ProtocolError, read_message

with open(sys.argv[1], encoding="utf-8") as file:
    vectors = json.load(file)["server"]

wrong = []
for vector in vectors["valid"]:
    try:
        read_message(vector["text"])
    except ProtocolError as error:
        wrong.append(f'{vector["name"]}: refused, {error}')
for vector in vectors["invalid"]:
    try:
        read_message(vector["text"])
        wrong.append(f'{vector["name"]}: accepted')
    except ProtocolError as error:
        if error.code != vector["code"]:
            wrong.append(f'{vector["name"]}: {error.code} instead of {vector["code"]}')

print("\n".join(wrong) or f'{len(vectors["valid"]) + len(vectors["invalid"])} vectors agree')
sys.exit(1 if wrong else 0)
