"""Invented people: names, ages and origins that are plausible on the West African routes and belong to nobody."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final, TypeVar

Thing = TypeVar("Thing")

WOMEN: Final[Mapping[str, Sequence[str]]] = {
    "mande": ("Aminata", "Fatoumata", "Kadiatou", "Mariam", "Awa", "Oumou", "Djénéba", "Nana", "Sira", "Bintou", "Assétou"),
    "senegal": ("Aïssatou", "Ndèye", "Coumba", "Khady", "Astou", "Rokhaya", "Mame", "Penda"),
    "coast": ("Akissi", "Affoué", "Adjoua", "Aya", "Clarisse", "Estelle", "Mireille", "Prisca", "Édith"),
    "nigeria": ("Blessing", "Joy", "Precious", "Faith", "Mercy", "Patience", "Osas", "Favour"),
    "central": ("Solange", "Chantal", "Nadège", "Carine", "Rachelle", "Grâce", "Ornella"),
    "english": ("Isatou", "Adama", "Fatmata", "Mabinty", "Musu", "Hawa", "Zainab"),
}
MEN: Final[Mapping[str, Sequence[str]]] = {
    "mande": ("Moussa", "Ibrahim", "Amadou", "Seydou", "Boubacar", "Souleymane", "Lamine", "Bakary", "Drissa", "Modibo"),
    "senegal": ("Cheikh", "Mamadou", "Ousmane", "Pape", "Abdoulaye", "Modou", "Serigne", "Babacar"),
    "coast": ("Kouassi", "Kouadio", "Yao", "Koffi", "Serge", "Didier", "Hervé", "Arsène"),
    "nigeria": ("Emeka", "Tunde", "Osaze", "Chidi", "Festus", "Godwin", "Sunday", "Kelvin"),
    "central": ("Achille", "Thierry", "Rodrigue", "Blaise", "Firmin", "Junior", "Landry"),
    "english": ("Alieu", "Ebrima", "Lamin", "Sorie", "Alpha", "Musa", "Saidu"),
}
FAMILIES: Final[Mapping[str, Sequence[str]]] = {
    "mande": ("Traoré", "Coulibaly", "Keïta", "Diarra", "Sangaré", "Dembélé", "Camara", "Condé", "Barry", "Sidibé", "Ouédraogo"),
    "senegal": ("Ndiaye", "Diop", "Fall", "Sow", "Ba", "Gueye", "Sarr", "Faye"),
    "coast": ("Kouamé", "N'Guessan", "Koné", "Yéo", "Bamba", "Tanoh", "Agbodjan", "Mensah"),
    "nigeria": ("Okafor", "Osagie", "Adeyemi", "Eze", "Igbinedion", "Balogun", "Omoregie"),
    "central": ("Mbarga", "Nkoulou", "Tchamba", "Ngono", "Mbemba", "Ekani", "Djimadoum"),
    "english": ("Kamara", "Conteh", "Jallow", "Touray", "Ceesay", "Bangura", "Johnson", "Kollie"),
}
# Nationality → how many of a hundred, whose names, languages, and a route they might come by.
ORIGINS: Final[Mapping[str, tuple[int, str, Sequence[str], Sequence[str]]]] = {
    "GN": (20, "mande", ("fr", "ff"), ("gao_dz", "kidal_dz", "niger_ly", "kayes_mr", "mines", "back_dz")),
    "CI": (15, "coast", ("fr", "dyu"), ("gao_dz", "niger_ly", "civ", "back_dz")),
    "ML": (14, "mande", ("bm", "fr"), ("back_dz", "back_mr", "internal", "mines")),
    "BF": (10, "mande", ("fr", "dyu"), ("bfa", "mines", "gao_dz")),
    "SN": (9, "senegal", ("wo", "fr"), ("senegal", "kayes_mr", "gao_dz")),
    "NG": (8, "nigeria", ("en", "pcm", "bin"), ("niger_ly", "mines", "air")),
    "CM": (6, "central", ("fr", "en"), ("gao_dz", "kidal_dz", "niger_ly")),
    "SL": (5, "english", ("en", "other"), ("guinea", "gao_dz", "back_dz")),
    "GM": (4, "english", ("en", "wo"), ("kayes_mr", "senegal", "gao_dz")),
    "LR": (3, "english", ("en", "other"), ("guinea", "civ")),
    "TG": (3, "coast", ("fr", "other"), ("bfa", "gao_dz")),
    "BJ": (2, "coast", ("fr", "yo"), ("niger_ly", "gao_dz")),
    "unknown": (1, "central", ("other",), ("other",)),
}


class Draw:
    """Choices from a seeded generator: the same seed, the same people."""

    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)  # noqa: S311  # invented data, not secrets

    def chance(self, probability: float) -> bool:
        """True in *probability* of all cases."""
        return self.random.random() < probability

    def yes(self, probability: float) -> str:
        """`yes` in *probability* of all cases, else `no`."""
        return "yes" if self.chance(probability) else "no"

    def one(self, among: Sequence[Thing]) -> Thing:
        """One of *among*."""
        return self.random.choice(among)

    def weighed(self, weights: Mapping[str, float]) -> str:
        """One of the names, as often as its weight says."""
        return self.random.choices(list(weights), list(weights.values()))[0]

    def some(self, among: Sequence[str], most: int, *, least: int = 1) -> list[str]:
        """Between *least* and *most* different ones, in the order of *among*; `none` alone when nothing was to be drawn."""
        count = self.random.randint(least, most)
        chosen = set(self.random.sample(list(among), min(count, len(among))))
        return [one for one in among if one in chosen] or ["none"]

    def between(self, low: int, high: int) -> int:
        """A whole number, both ends included."""
        return self.random.randint(low, high)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody invented."""

    given_name: str
    family_name: str
    sex: str
    born: date
    nationality: str
    languages: tuple[str, ...]
    route: str
    phone: str

    def age(self, on: date) -> int:
        """Full years on a day."""
        return on.year - self.born.year - ((on.month, on.day) < (self.born.month, self.born.day))

    def misspelt(self) -> "Person":
        """The same person as another officer writes the name down."""
        plain = str.maketrans("éèêëïîôûçÉ", "eeeeiioucE")
        return replace(self, family_name=self.family_name.translate(plain).replace("ou", "u", 1))


def person(draw: Draw, on: date, *, child: bool) -> Person:
    """Somebody who is *child* or adult on that day."""
    nationality = draw.weighed({code: origin[0] for code, origin in ORIGINS.items()})
    _, names, languages, routes = ORIGINS[nationality]
    sex = draw.weighed({"f": 46, "m": 53, "x": 1})
    years = draw.between(12, 16) if child else min(66, 18 + int(draw.random.expovariate(1 / 9)))
    given = {"f": WOMEN, "m": MEN}.get(sex, WOMEN)[names]
    return Person(
        given_name=draw.one(given),
        family_name=draw.one(FAMILIES[names]),
        sex=sex,
        born=on - timedelta(days=int(years * 365.25) + draw.between(20, 340)),
        nationality=nationality,
        languages=tuple(languages),
        route=draw.one(routes),
        # No number of Mali begins with 0: nobody is ever called by mistake.
        phone=f"+2230{draw.between(1_000_000, 9_999_999)}",
    )
