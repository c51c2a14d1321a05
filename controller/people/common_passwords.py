"""Passwords that are guessed first: the words and runs of keys that lists of leaked passwords have in common, and our own names.

One that is such a word, such a word over and over, or such a word between digits and signs, is refused (`policies.py`).  A word
that is shorter than a password may be stands here for its repetitions.
"""

from __future__ import annotations

_WORDS = """
    123456789012 1234567890 12345678 0123456789 0987654321 987654321 123123 112233 121212 123321 147258369 159753 789456123
    qwerty qwertyuiop qwertyuiopasdfghjkl asdfghjkl zxcvbnm qwertyasdfgh 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz2wsx 1qaz2wsx3edc
    qazwsx qazwsxedc zaq12wsx azerty azertyuiop qwertz qwertzuiop abc123 abcd1234 abcdefgh abcdefghijkl abcdefghijklmnopqrstuvwxyz
    a1b2c3d4
    password passw0rd p@ssword p@ssw0rd password1234 passwordpassword mypassword thispassword changeme changemenow changeit letmein
    letmeinplease iloveyou iloveyou1314 welcome welcome1 welcome123 administrator admin admin123 admin1234 adminadmin root rootroot
    toor superuser default secret topsecret secretpassword trustno1 dragon monkey football baseball basketball superman batman
    starwars master sunshine princess shadow michael jordan jennifer whatever freedom computer internet samsung google facebook
    test testtest test1234 testing demo demodemo guest guestguest login loginlogin user useruser temp temporary example
    woaini woaini1314 woaini520 woaini5201314 5201314 1314520 wodemima mima mimamima nihao nihaonihao zhongguo beijing shanghai
    aini1314 qq123456 a123456 a123456789 aa123456 asd123456 abc123456 wang123456 li123456 zhang123456 caonima woshishei xiaoming
    shelfwire shelfwireshelfwire store storestore shop shopshop warehouse scanner barcode company office manager managermanager
    correcthorsebatterystaple
"""
COMMON = frozenset(_WORDS.split())
