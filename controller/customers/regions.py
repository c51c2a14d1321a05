"""Provinces and large cities of China, coarsely: enough to know which site is near.  Pure.

Codes and names: GB/T 2260-2007 (and Taiwan, Hong Kong, Macau by its annex).  Coordinates are those of the seat of government,
in degrees, to a tenth (some 10 km): a parcel's way is not measured by them, a choice among sites is.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt

EARTH_KM = 6371.0088
"""Mean radius.  Source: IUGG, R1."""
_SUFFIXES = ("维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "特别行政区", "省", "市")


@dataclass(frozen=True, slots=True)
class Point:
    """Degrees, north and east."""

    latitude: float
    longitude: float


@dataclass(frozen=True, slots=True)
class Province:
    """`is_city`: it is a city of its own (Beijing, Shanghai, …)."""

    code: str
    name: str
    pinyin: str
    point: Point
    is_city: bool = False


@dataclass(frozen=True, slots=True)
class City:
    name: str
    province: str
    point: Point


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """What is known of a place without knowing whose it is: for sourcing, freight and tax.  `point` None: nobody knows."""

    country: str
    province: str = ""
    city: str = ""
    point: Point | None = None


_PROVINCES = """
11 北京市 beijing 39.9 116.4 c|12 天津市 tianjin 39.1 117.2 c|13 河北省 hebei 38.0 114.5|14 山西省 shanxi 37.9 112.6
15 内蒙古自治区 neimenggu 40.8 111.7|21 辽宁省 liaoning 41.8 123.4|22 吉林省 jilin 43.9 125.3|23 黑龙江省 heilongjiang 45.8 126.6
31 上海市 shanghai 31.2 121.5 c|32 江苏省 jiangsu 32.1 118.8|33 浙江省 zhejiang 30.3 120.2|34 安徽省 anhui 31.8 117.2
35 福建省 fujian 26.1 119.3|36 江西省 jiangxi 28.7 115.9|37 山东省 shandong 36.7 117.0|41 河南省 henan 34.8 113.7
42 湖北省 hubei 30.6 114.3|43 湖南省 hunan 28.2 112.9|44 广东省 guangdong 23.1 113.3|45 广西壮族自治区 guangxi 22.8 108.4
46 海南省 hainan 20.0 110.3|50 重庆市 chongqing 29.6 106.6 c|51 四川省 sichuan 30.7 104.1|52 贵州省 guizhou 26.6 106.7
53 云南省 yunnan 25.0 102.7|54 西藏自治区 xizang 29.7 91.1|61 陕西省 shaanxi 34.3 108.9|62 甘肃省 gansu 36.1 103.8
63 青海省 qinghai 36.6 101.8|64 宁夏回族自治区 ningxia 38.5 106.3|65 新疆维吾尔自治区 xinjiang 43.8 87.6
71 台湾省 taiwan 25.0 121.5|81 香港特别行政区 hongkong 22.3 114.2 c|82 澳门特别行政区 macau 22.2 113.5 c
"""
_CITIES = """
石家庄 13 38.0 114.5|唐山 13 39.6 118.2|保定 13 38.9 115.5|邯郸 13 36.6 114.5|太原 14 37.9 112.6|大同 14 40.1 113.3
呼和浩特 15 40.8 111.7|包头 15 40.7 109.8|鄂尔多斯 15 39.6 109.8|沈阳 21 41.8 123.4|大连 21 38.9 121.6|鞍山 21 41.1 123.0
长春 22 43.9 125.3|吉林 22 43.8 126.6|哈尔滨 23 45.8 126.6|大庆 23 46.6 125.0|南京 32 32.1 118.8|苏州 32 31.3 120.6
无锡 32 31.5 120.3|常州 32 31.8 120.0|南通 32 32.0 120.9|徐州 32 34.3 117.2|扬州 32 32.4 119.4|杭州 33 30.3 120.2
宁波 33 29.9 121.5|温州 33 28.0 120.7|绍兴 33 30.0 120.6|嘉兴 33 30.7 120.8|金华 33 29.1 119.6|台州 33 28.7 121.4
合肥 34 31.8 117.2|芜湖 34 31.4 118.4|福州 35 26.1 119.3|厦门 35 24.5 118.1|泉州 35 24.9 118.7|南昌 36 28.7 115.9
赣州 36 25.8 114.9|济南 37 36.7 117.0|青岛 37 36.1 120.4|烟台 37 37.5 121.4|潍坊 37 36.7 119.2|临沂 37 35.1 118.4
郑州 41 34.8 113.7|洛阳 41 34.6 112.5|南阳 41 33.0 112.5|武汉 42 30.6 114.3|宜昌 42 30.7 111.3|襄阳 42 32.0 112.1
长沙 43 28.2 112.9|株洲 43 27.8 113.1|衡阳 43 26.9 112.6|广州 44 23.1 113.3|深圳 44 22.5 114.1|东莞 44 23.0 113.7
佛山 44 23.0 113.1|珠海 44 22.3 113.6|惠州 44 23.1 114.4|中山 44 22.5 113.4|汕头 44 23.4 116.7|湛江 44 21.3 110.4
南宁 45 22.8 108.4|柳州 45 24.3 109.4|桂林 45 25.3 110.3|海口 46 20.0 110.3|三亚 46 18.3 109.5|成都 51 30.7 104.1
绵阳 51 31.5 104.7|宜宾 51 28.8 104.6|贵阳 52 26.6 106.7|遵义 52 27.7 106.9|昆明 53 25.0 102.7|大理 53 25.6 100.3
拉萨 54 29.7 91.1|西安 61 34.3 108.9|咸阳 61 34.3 108.7|兰州 62 36.1 103.8|西宁 63 36.6 101.8|银川 64 38.5 106.3
乌鲁木齐 65 43.8 87.6|喀什 65 39.5 76.0|台北 71 25.0 121.5|高雄 71 22.6 120.3
"""


def _rows(table: str) -> list[list[str]]:
    return [row.split() for row in table.strip().replace("\n", "|").split("|")]


PROVINCES = tuple(
    Province(code, name, pinyin, Point(float(latitude), float(longitude)), is_city=bool(rest))
    for code, name, pinyin, latitude, longitude, *rest in _rows(_PROVINCES)
)
CITIES = tuple(
    City(name, province, Point(float(latitude), float(longitude))) for name, province, latitude, longitude in _rows(_CITIES)
)


def province_of(text: str, country: str = "CN") -> Province | None:
    """By its name, short or whole, in Chinese or pinyin, or its code; None: there is none, or another country."""
    return _by_name().get(_short(text)) if country.upper() == "CN" else None


def city_of(text: str) -> City | None:
    """A large city, by its name with or without 市; None: not in our table."""
    return _cities().get(_short(text))


def region_of(*, country: str, province: str, city: str) -> Region:
    """The place as far as we know it: names in their one form, the city's point, else the province's."""
    known = province_of(province, country)
    if known is None:
        return Region(country=country.upper(), province=province.strip()[:64], city=city.strip()[:64])
    found = city_of(city)
    here = found if found is not None and found.province == known.code else None
    return Region(country="CN", province=known.name, city=city.strip()[:64] or known.name, point=(here or known).point)


def distance_km(one: Point, other: Point) -> int:
    """Along the great circle, rounded to whole kilometres (haversine)."""
    north, south = radians(one.latitude), radians(other.latitude)
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(other.longitude - one.longitude) / 2) ** 2
    return round(2 * EARTH_KM * asin(min(1.0, sqrt(half))))


def _short(text: str) -> str:
    plain = "".join(unicodedata.normalize("NFKC", text).casefold().split()).replace("'", "")
    plain = plain.removesuffix("province").removesuffix("city")
    for suffix in _SUFFIXES:
        if len(plain) > len(suffix) + 1 and plain.endswith(suffix):
            return plain.removesuffix(suffix)
    return plain


@cache
def _by_name() -> dict[str, Province]:
    found: dict[str, Province] = {}
    for province in PROVINCES:
        for name in (_short(province.name), province.pinyin, province.code):
            found[name] = province
    return found | {"innermongolia": found["neimenggu"], "tibet": found["xizang"], "macao": found["macau"]}


@cache
def _cities() -> dict[str, City]:
    return {city.name: city for city in CITIES}
