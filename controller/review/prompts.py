"""What to ask a customer for, in their language: a text for whoever writes or calls, made of what is missing.  No personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_OPENING = {
    "en": "Before we can send your order we need something from you:",
    "zh-CN": "您的订单发货前，还需要您补充以下信息：",
}
_FIELDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "address": "the address that it goes to",
        "name": "the name of who gets it",
        "phone": "a telephone number",
        "country": "the country",
        "province": "the province or state",
        "city": "the city",
        "district": "the district",
        "street": "street and house number",
        "postcode": "the postcode",
    },
    "zh-CN": {
        "address": "收货地址",
        "name": "收件人姓名",
        "phone": "联系电话",
        "country": "国家",
        "province": "省份",
        "city": "城市",
        "district": "区县",
        "street": "街道和门牌号",
        "postcode": "邮编",
    },
}
_FLAWS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "missing": "is missing",
        "implausible": "cannot be right",
        "unknown": "is not known to us",
        "city_elsewhere": "lies in another province than you wrote",
        "street_too_short": "is not complete",
        "placeholder": "cannot be right",
        "post_box": "is a post box, and parcels cannot go there",
        "bad": "does not look like one",
        "too_long": "is too long for a label",
    },
    "zh-CN": {
        "missing": "未填写",
        "implausible": "可能有误",
        "unknown": "无法识别",
        "city_elsewhere": "与所填省份不符",
        "street_too_short": "不完整",
        "placeholder": "可能有误",
        "post_box": "是邮政信箱，快递无法送达",
        "bad": "格式不对",
        "too_long": "太长，面单印不下",
    },
}


def prompt(asks: Sequence[str], language: str) -> str:
    """The text for these `field:flaw`; empty when nothing is missing.  `language`: zh-CN, or English."""
    if not asks:
        return ""
    spoken = language if language in _OPENING else "en"
    lines = [_line(*ask.partition(":")[::2], spoken) for ask in asks]
    return "\n".join([_OPENING[spoken], *(f"- {line}" for line in lines)])


def _line(field: str, flaw: str, language: str) -> str:
    words, said = _FLAWS[language], _FIELDS[language].get(field, field)
    how = words.get(flaw) or words.get(flaw.partition("_")[0], "")
    return f"{said}{how}" if language == "zh-CN" else f"{said} {how}".strip()
