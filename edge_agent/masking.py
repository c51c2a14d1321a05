"""Taking out of texts what nobody outside the shop may see: passwords, tokens, keys, badges, PINs; names of people become hashes.

What is known to be secret (the files that the configuration names) is found wherever it stands, the rest by its shape or by the
word before it.  A name becomes the same hash everywhere in one bundle, and another one in the next.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import quote

MASK: Final = "***"
SHORTEST_SECRET = 4
_WORDS = r"(?:password|passwd|passphrase|secret|token|credential|api[_-]?key|private[_-]?key|authorization|cookie|badge|verifier)"
_PIN = r"(?<![A-Za-z])pin(?![A-Za-z])"
_VALUE = r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?:(?:bearer|basic)\s+)?[^\s,;\]})]+"
_NAMED = re.compile(rf"(?i)((?:{_WORDS}|{_PIN})[\w-]{{0,80}}[\"']?\s{{0,20}}[=:]\s{{0,20}})({_VALUE})")
"""Nothing without a bound before the word: a scanned line of 10,000 letters took half a minute, and nobody else runs meanwhile."""
_SHAPES = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]*-----.*?(?:-----END [A-Z0-9 ]*-----|\Z)", re.DOTALL), f"{MASK} (PEM)"),
    (re.compile(r"(?<=://)[^\s/@\"']*(?:@[^\s/@\"']*)*@"), f"{MASK}@"),
    (re.compile(r"\$argon2[^\s\"']*"), MASK),
    (re.compile(r"SHELFXID[0-9A-Za-z]*", re.IGNORECASE), f"SHELFXID{MASK}"),
    (re.compile(r"\bID[0-9A-Z]{12,40}\b"), f"ID{MASK}"),  # a badge's command as the log names it
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{4,}"), rf"\1 {MASK}"),
    (re.compile(r"\bsw_[A-Za-z0-9_-]{4,}"), MASK),
)
_SECRET_KEY = re.compile(rf"(?i){_WORDS}|{_PIN}")


class Masker:
    """`secrets`: texts that are known to be one; `names`: of people; `key`: makes hashes differ from bundle to bundle."""

    def __init__(self, secrets: Iterable[str] = (), names: Iterable[str] = (), key: bytes = b"") -> None:
        known = {each for secret in secrets for each in (secret, quote(secret, safe="")) if len(secret) >= SHORTEST_SECRET}
        self._secrets = sorted(known, key=len, reverse=True)
        self._names = {name: self._hash(name, key) for name in sorted({*names} - {""}, key=len, reverse=True)}

    def text(self, text: str) -> str:
        """The same without what is secret."""
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        text = _NAMED.sub(_masked, text)
        for name, instead in self._names.items():
            text = text.replace(name, instead)
        return text

    def value(self, value: object) -> object:
        """The same for what JSON can say; what stands under a secret's name goes whole."""
        match value:
            case str():
                return self.text(value)
            case Mapping():
                return {
                    self.text(str(key)): MASK if is_secret_key(str(key)) and each not in (None, "") else self.value(each)
                    for key, each in value.items()
                }
            case Sequence() if not isinstance(value, bytes):
                return [self.value(each) for each in value]
            case _:
                return value if value is None or isinstance(value, bool | int | float) else self.text(str(value))

    @staticmethod
    def _hash(name: str, key: bytes) -> str:
        return f"person-{hmac.new(key, name.encode(errors='replace'), hashlib.sha256).hexdigest()[:10]}"


def is_secret_key(key: str) -> bool:
    """A file that holds a secret is none itself: its name is shown."""
    return bool(_SECRET_KEY.search(key)) and not key.endswith("_file")


def _masked(found: re.Match[str]) -> str:
    before, value = found.group(1), found.group(2)
    if re.search(r"(?i)_file[\"']?\s*[=:]\s*$", before):
        return str(found.group(0))
    mark = value[0] if value[0] in "\"'" else ""
    return f"{before}{mark}{MASK}{mark}"
