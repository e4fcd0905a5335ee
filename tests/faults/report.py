"""The figures of a run, as lines of text."""

from collections.abc import Iterator

from tests.faults.run import Plan, Result
from tests.faults.staleness import percentile

KINDS = ("lost", "duplicated", "out of order", "skipped", "phantom", "fold other than a fresh read")
LABELS = {"calm": "as ever", "redis": "Redis away or wedged", "bell": "no bell rang"}


def table(plan: Plan, result: Result) -> Iterator[str]:
    """The whole table; notes and complaints under it."""
    yield f"seed {plan.seed}, {plan.seconds / 60:g} minutes"
    for name, figure in (
        ("events", result.events),
        ("changes acknowledged", result.changes),
        ("requests without an answer", result.unanswered),
        ("subscribers", result.subscribers),
        ("connections", result.sessions),
        ("frames", result.frames),
        ("cuts", result.cuts),
        ("stalls", result.stalls),
        ("process faults", result.processes),
        ("other faults", sum(result.wounds.values()) - result.processes),
    ):
        yield f"  {name:<30} {figure:>9,}"
    yield "seconds from an answer to a board that had been told of it"
    for label, name in LABELS.items():
        found = result.delays.get(label, [])
        figures = " / ".join(f"{percentile(found, share):.3f}" for share in (0.5, 0.99, 1.0))
        yield f"  {name:<30} {len(found):>9,}  p50 / p99 / most {figures}"
    slowest = max(result.degraded_s, default=0.0)
    yield f"  {'readiness says degraded':<30} {len(result.degraded_s):>9,}  most {slowest:.1f}"
    yield f"faults: {_counted(result.wounds)}"
    yield f"ends of connections: {_counted(result.ends)}"
    yield f"answers: {_counted(result.answers)}"
    for name, count in zip(KINDS, result.counts.six, strict=True):
        yield f"  {name:<30} {count:>9,}"
    yield from (f"! {note}" for note in (*result.counts.notes, *result.complaints, *result.late))


def _counted(counter: "object") -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items(), key=lambda each: -each[1]))  # type: ignore[attr-defined]
