"""The lifecycle by itself: who may move an order where, and what a recall takes back. No database, no HTTP."""

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from orderflow import lifecycle
from orderflow.errors import Forbidden, InvalidTransition, ReasonRequired, Refusal
from orderflow.lifecycle import ACTIVE, STATUSES, Asker, Move, Party, Standing, Status

NOW = datetime(2026, 11, 22, 9, 15, tzinfo=UTC)
RECALL = timedelta(minutes=30)
CUSTOMER = Asker(is_customer=True, is_staff=False)
STAFF = Asker(is_customer=False, is_staff=True)
BOTH = Asker(is_customer=True, is_staff=True)
STRANGER = Asker(is_customer=False, is_staff=False)

MOVES = list(product(STATUSES, STATUSES))

# The table of the contract, line by line.
FORWARD: dict[Status, set[Status]] = {
    "pending": {"preparing", "ready", "cancelled"},
    "preparing": {"ready", "cancelled"},
    "ready": {"picked_up", "cancelled"},
    "picked_up": set(),
    "cancelled": set(),
}


def _standing(
    status: Status, *trail: Status, cancelled_by: Party | None = None, moved_ago: timedelta = timedelta(0)
) -> Standing:
    return Standing(status, trail, cancelled_by, NOW - moved_ago)


def _asked(standing: Standing, asker: Asker, to: Status, reason: str | None = "no milk") -> Move | None:
    return lifecycle.check(standing, asker, to, reason if to == "cancelled" else None, NOW, RECALL)


@pytest.mark.parametrize(("status", "to"), MOVES)
def test_staff_move_an_order_as_the_table_says_and_nowhere_else(status: Status, to: Status) -> None:
    standing = _standing(status)

    if to == status:
        assert _asked(standing, STAFF, to) is None
    elif to in FORWARD[status]:
        assert _asked(standing, STAFF, to) == Move(to, "shop")
    else:
        with pytest.raises(InvalidTransition) as refused:
            _asked(standing, STAFF, to)
        assert set(refused.value.extra["allowed"]) == FORWARD[status]


@pytest.mark.parametrize(("status", "to"), MOVES)
def test_a_customer_can_only_cancel_and_only_while_it_is_pending(status: Status, to: Status) -> None:
    standing = _standing(status)

    if to == status:
        assert _asked(standing, CUSTOMER, to) is None
    elif to != "cancelled":
        with pytest.raises(Forbidden):
            _asked(standing, CUSTOMER, to)
    elif status == "pending":
        assert _asked(standing, CUSTOMER, to, None) == Move("cancelled", "customer")
    else:
        with pytest.raises(InvalidTransition) as refused:
            _asked(standing, CUSTOMER, to)
        assert refused.value.extra == {"allowed": []}


@pytest.mark.parametrize(("status", "to"), MOVES)
def test_a_stranger_moves_nothing(status: Status, to: Status) -> None:
    if to != status:
        with pytest.raises((Forbidden, InvalidTransition)):
            _asked(_standing(status), STRANGER, to)


@pytest.mark.parametrize("status", ["pending", "preparing", "ready"])
def test_a_shop_cancels_only_with_a_reason(status: Status) -> None:
    with pytest.raises(ReasonRequired):
        _asked(_standing(status), STAFF, "cancelled", None)

    assert _asked(_standing(status), STAFF, "cancelled", "no milk") == Move("cancelled", "shop")


def test_staff_who_placed_a_pending_order_cancel_it_as_its_customer_when_they_give_no_reason() -> None:
    assert _asked(_standing("pending"), BOTH, "cancelled", None) == Move("cancelled", "customer")
    assert _asked(_standing("pending"), BOTH, "cancelled", "no milk") == Move("cancelled", "shop")
    with pytest.raises(ReasonRequired):
        _asked(_standing("preparing"), BOTH, "cancelled", None)


@pytest.mark.parametrize(
    ("standing", "to"),
    [
        (_standing("preparing", "pending"), "pending"),
        (_standing("ready", "pending"), "pending"),
        (_standing("ready", "pending", "preparing"), "preparing"),
        (_standing("picked_up", "pending", "ready"), "ready"),
        (_standing("cancelled", "pending", cancelled_by="shop"), "pending"),
        (_standing("cancelled", "pending", "preparing", cancelled_by="shop"), "preparing"),
        (_standing("cancelled", "pending", "ready", cancelled_by="shop"), "ready"),
    ],
)
def test_staff_recall_the_last_move_and_no_other(standing: Standing, to: Status) -> None:
    assert _asked(standing, STAFF, to) == Move(to, "shop", is_recall=True)
    possible = FORWARD[standing.status] | {to}
    for other in set(STATUSES) - possible - {standing.status}:
        with pytest.raises(InvalidTransition) as refused:
            _asked(standing, STAFF, other)
        assert set(refused.value.extra["allowed"]) == possible


def test_a_recall_is_possible_for_thirty_minutes_and_not_a_moment_longer() -> None:
    at_the_end = _standing("ready", "pending", moved_ago=RECALL)
    too_late = _standing("ready", "pending", moved_ago=RECALL + timedelta(milliseconds=1))

    assert _asked(at_the_end, STAFF, "pending") == Move("pending", "shop", is_recall=True)
    with pytest.raises(InvalidTransition) as refused:
        _asked(too_late, STAFF, "pending")
    assert refused.value.extra == {"allowed": ["picked_up", "cancelled"]}


@pytest.mark.parametrize("by", ["customer", "system"])
def test_only_a_cancellation_by_the_shop_is_recalled(by: Party) -> None:
    with pytest.raises(InvalidTransition) as refused:
        _asked(_standing("cancelled", "pending", cancelled_by=by), STAFF, "pending")

    assert refused.value.extra == {"allowed": []}


def test_the_system_closes_what_is_open_and_leaves_the_rest() -> None:
    assert lifecycle.closing("pending") == lifecycle.closing("preparing") == Move("cancelled", "system")
    assert lifecycle.closing("ready") == Move("picked_up", "system")
    assert lifecycle.closing("picked_up") is lifecycle.closing("cancelled") is None


class Counter(RuleBasedStateMachine):
    """One order at a counter. The model keeps every state as it was, and a recall is `pop`."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.moved_at = NOW
        self.standing = Standing("pending", (), None, NOW)
        # The states before this one, with who cancelled; the last is the present one.
        self.states: list[tuple[Status, Party | None]] = [("pending", None)]

    @rule(minutes=st.sampled_from([0, 1, 29, 30, 31]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.standing.status in ACTIVE)
    @rule()
    def the_system_closes_it(self) -> None:
        decided = lifecycle.closing(self.standing.status)
        assert decided is not None
        self.states = [(decided.to, decided.by if decided.to == "cancelled" else None)]
        self._follow(decided, ())

    @rule(
        asker=st.sampled_from([CUSTOMER, STAFF, BOTH, STRANGER]),
        to=st.sampled_from(STATUSES),
        reason=st.sampled_from([None, "no milk"]),
    )
    def somebody_asks(self, asker: Asker, to: Status, reason: str | None) -> None:
        expected, before = self._expected(asker, to, reason), self.standing.status
        decided = self._decided(asker, to, reason)
        if isinstance(decided, Refusal):
            assert expected == decided.code
            assert to not in decided.extra.get("allowed", [])
        elif decided is None:
            assert expected == "nothing"
        elif decided.is_recall:
            assert expected == "recall"
            self.states.pop()
            self._follow(decided, self.standing.trail[:-1])
        else:
            assert expected == decided.by
            self.states.append((to, decided.by if to == "cancelled" else None))
            self._follow(decided, (*self.standing.trail, before))

    @invariant()
    def it_stands_where_the_model_says(self) -> None:
        assert (self.standing.status, self.standing.cancelled_by) == self.states[-1]
        assert self.standing.trail == tuple(status for status, _ in self.states[:-1])

    @invariant()
    def what_is_allowed_is_what_is_not_refused(self) -> None:
        for asker in (CUSTOMER, STAFF, BOTH):
            allowed = lifecycle.allowed(self.standing, asker, self.now, RECALL)
            assert len(set(allowed)) == len(allowed)
            for to in set(STATUSES) - {self.standing.status}:
                assert (to in allowed) == (self._expected(asker, to, "no milk") in ("shop", "customer", "recall"))

    def _expected(self, asker: Asker, to: Status, reason: str | None) -> str:
        status, cancelled_by = self.states[-1]
        if to == status:
            return "nothing"
        if not asker.is_staff:
            if to != "cancelled":
                return Forbidden.code
            return "customer" if asker.is_customer and status == "pending" else InvalidTransition.code
        if to == "cancelled" and status in ACTIVE:
            if asker.is_customer and status == "pending" and reason is None:
                return "customer"
            return "shop" if reason else ReasonRequired.code
        if to in FORWARD[status]:
            return "shop"
        is_fresh = self.now - self.moved_at <= RECALL and cancelled_by in (None, "shop")
        return "recall" if is_fresh and [each for each, _ in self.states[-2:-1]] == [to] else InvalidTransition.code

    def _decided(self, asker: Asker, to: Status, reason: str | None) -> Move | Refusal | None:
        try:
            return lifecycle.check(self.standing, asker, to, reason, self.now, RECALL)
        except Refusal as refused:
            return refused

    def _follow(self, decided: Move, trail: tuple[Status, ...]) -> None:
        self.moved_at = self.now
        by = decided.by if decided.to == "cancelled" else None
        self.standing = Standing(decided.to, trail, by, self.now)


TestCounter = Counter.TestCase
TestCounter.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
