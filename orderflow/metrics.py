"""What a process counts of itself, as Prometheus text. Made when asked for: nothing on a hot path counts."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from orderflow.ws.hub import Hub
from orderflow.ws.listeners import Listeners


class _Live(Collector):
    def __init__(self, hub: Hub, listeners: Listeners) -> None:
        self._hub = hub
        self._listeners = listeners

    def collect(self) -> Iterator[GaugeMetricFamily]:
        sockets = GaugeMetricFamily("orderflow_sockets", "Open WebSockets by view.", labels=["view"])
        for view, count in sorted(self._listeners.count().items()):
            sockets.add_metric([view], count)
        yield sockets
        streams = self._hub.streams
        yield GaugeMetricFamily("orderflow_feeds", "Feeds that this process follows.", len(streams))
        behind = sum(max(0, stream.wanted - stream.head) for stream in streams)
        yield GaugeMetricFamily("orderflow_events_missing", "Events known of but not yet read.", behind)
        kept = sum(stream.bytes for stream in streams)
        yield GaugeMetricFamily("orderflow_ring_bytes", "Bytes of documents kept for those who come back.", kept)
        yield GaugeMetricFamily("orderflow_bus_healthy", "Whether the bus carries.", int(self._hub.bus.is_healthy))


def exposition(hub: Hub, listeners: Listeners) -> bytes:
    """The figures of this process now."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Live(hub, listeners))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    return generate_latest(registry)
