#!/usr/bin/env python3
"""A write policy in Python: turns away words, and addresses that send too much.

    policy.py --word WORD... --shadow-word WORD... --per-minute N

In the settings of Pharos:

    [plugin]
    command = "/usr/local/lib/pharos/policy.py --word casino --per-minute 30"

One JSON object a line comes on standard input, with the keys type ("new"), event, receivedAt (seconds), sourceType (IP4,
IP6, Import, Stream, Sync or Stored), sourceInfo (mostly an address) and, after NIP-42, authed (a public key). Each is
answered by one line: id (that of the event), action (accept, reject or shadowReject) and, for reject, msg. What goes to
standard error stands in the relay's log.
"""

import argparse
import collections
import json
import sys


def decide(request, options, sent):
    event = request["event"]
    content = event["content"].lower()
    if any(word in content for word in options.shadow_word):
        return {"action": "shadowReject"}
    if any(word in content for word in options.word):
        return {"action": "reject", "msg": "blocked: that word is not wanted here"}
    if options.per_minute and request["sourceType"] in ("IP4", "IP6"):
        key = (request["sourceInfo"], request["receivedAt"] // 60)
        sent[key] += 1
        if sent[key] > options.per_minute:
            return {"action": "reject", "msg": "rate-limited: slow down"}
        while len(sent) > 100_000:
            sent.pop(next(iter(sent)))
    return {"action": "accept"}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--word", action="append", default=[])
    parser.add_argument("--shadow-word", action="append", default=[])
    parser.add_argument("--per-minute", type=int, default=0)
    options = parser.parse_args()
    sent = collections.Counter()
    for line in sys.stdin:
        request = json.loads(line)
        if request["type"] != "new":
            print("unknown type of request:", request["type"], file=sys.stderr, flush=True)
            continue
        answer = {"id": request["event"]["id"], **decide(request, options, sent)}
        # Without flush the answer would stay in a buffer, and the relay would wait for it in vain.
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
