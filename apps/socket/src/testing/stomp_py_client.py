"""Watches a content, says a line in its chat, prints what it received, one JSON text per line: port token content-id.

stomp.py (Debian: python3-stomp): another language and another maker than the clients of the other tests.
"""

import json
import sys
import threading

import stomp

port, token, content_id = sys.argv[1:]
seen_all = threading.Event()


class Listener(stomp.ConnectionListener):
    count = 0

    def on_message(self, frame):
        print(json.dumps({"subscription": frame.headers["subscription"], "body": json.loads(frame.body)}), flush=True)
        self.count += 1
        if self.count == 2:
            seen_all.set()


connection = stomp.Connection12([("127.0.0.1", int(port))], heartbeats=(4000, 4000))
connection.set_listener("", Listener())
connection.connect(wait=True, headers={"Authorization": f"Bearer {token}"})
connection.subscribe(f"/sub/contents/{content_id}/watch", id="watch")
connection.subscribe(f"/sub/contents/{content_id}/chat", id="chat")
connection.send(f"/pub/contents/{content_id}/chat", json.dumps({"content": "파이썬"}), content_type="application/json")
if not seen_all.wait(10):
    sys.exit("not everything came within 10 s")
connection.disconnect()
