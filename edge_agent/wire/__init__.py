"""The wire contract between boxes and controller (docs/adr/0001).  Leaf: imports nothing of ours.

`topics` builds and splits topics, `messages` are the payloads, `codec` turns them into JSON and back, `session` is the MQTT session
(the only file that imports paho), `errors` what can go wrong.
"""
