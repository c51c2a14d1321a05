"""Real processes under fire: controller, Mosquitto and agent are killed while people scan and print; nothing is lost or doubled.

`world.py` runs the programs, `people.py` uses them, `nemesis.py` kills them, `oracle.py` says what must hold afterwards.
What happened is in a history of JSON lines; the seed repeats who is killed when, though not the
machine's timing.
"""
