"""What `/metrics` says, read as Prometheus reads it."""

from collections import defaultdict
from dataclasses import dataclass

import httpx2
from prometheus_client.parser import text_string_to_metric_families

REQUESTS = "orderflow_http_requests_total"

Labels = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Scrape:
    """One answer: the value of each series by its name and labels, and the kind of each metric."""

    series: dict[tuple[str, Labels], float]
    kinds: dict[str, str]

    def value(self, name: str, **labels: str) -> float:
        """The sum of all series with this name and these labels, whatever their others are."""
        wanted = set(labels.items())
        return sum(value for (each, found), value in self.series.items() if each == name and wanted <= found)

    def labels(self, name: str) -> set[str]:
        """Every value of every label of a metric."""
        return {value for (each, found), _ in self.series.items() if each == name for _, value in found}

    def counters(self) -> dict[tuple[str, Labels], float]:
        """All that must never fall."""
        return {
            key: value for key, value in self.series.items() if key[0].endswith(("_total", "_bucket", "_count", "_sum"))
        }


async def scrape(client: httpx2.AsyncClient) -> Scrape:
    """Ask for the figures once."""
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    return read(answer.text)


def read(text: str) -> Scrape:
    """Read the figures, of which no series may come twice."""
    found: dict[tuple[str, Labels], list[float]] = defaultdict(list)
    kinds = {}
    for family in text_string_to_metric_families(text):
        kinds[family.name] = family.type
        for sample in family.samples:
            found[sample.name, frozenset(sample.labels.items())].append(sample.value)
    assert all(len(values) == 1 for values in found.values()), "a series comes twice"
    return Scrape({key: value for key, (value,) in found.items()}, kinds)
