"""Which letter is next, as SQL: owners of shops take turns, and letters that failed show last whether Resend is back.

Owners, not shops: one person can open any number of these, and would have a turn for each. IN_TURN and
TRIED_LONGEST_AGO define `next` for a claim. Knows the columns of the outbox; what is done with a letter is in `outbox`.
"""

from typing import Final

# By the time of the statement, which an index can be searched for; clock_timestamp() changes from row to row.
FREE: Final = """state = 'waiting' AND due_at <= statement_timestamp()
    AND (leased_until IS NULL OR leased_until <= statement_timestamp())"""
READY: Final = f"""{FREE} AND (retry_at IS NULL OR retry_at <= statement_timestamp()) AND recipient IS NOT NULL"""
# Asked for in its order, so that it is never looked for in all that was ever sent.
FIRST: Final = "ORDER BY due_at, id LIMIT 1"
# What is late is given up instead.
_IN_TIME: Final = "due_at > statement_timestamp() - CAST(:late AS interval)"
_BLAMELESS: Final = "retry_at IS NULL AND excused_at IS NULL"

_OWNER: Final = "SELECT owner_id FROM outbox WHERE state = 'waiting' {behind} ORDER BY owner_id LIMIT 1"
_SMALLEST: Final = _OWNER.format(behind="")
_BEHIND: Final = "AND owner_id > {}"
# Those who have letters that wait, so many at most, by stepping from one to the next through the index, around to where
# it began. Where there may be more, it is noted how far this came.
_OWNERS: Final = f"""
    owners (owner_id, first_id, number) AS (
        SELECT owner_id, owner_id, 1
        FROM (
            SELECT coalesce(({_OWNER.format(behind=_BEHIND.format("(SELECT looked_to FROM mail_rate)"))}),
                            ({_SMALLEST})) AS owner_id
            OFFSET 0
        ) begin
        WHERE owner_id IS NOT NULL
        UNION ALL
        SELECT step.owner_id, first_id, number + 1
        FROM owners o CROSS JOIN LATERAL (
            SELECT coalesce(({_OWNER.format(behind=_BEHIND.format("o.owner_id"))}), ({_SMALLEST})) AS owner_id
            OFFSET 0
        ) step
        WHERE number < :seen AND step.owner_id <> first_id
    ), looked AS (
        UPDATE mail_rate SET looked_to = owner_id FROM owners WHERE number = :seen
    )
"""  # noqa: S608 - nothing of it comes from outside
# Of each the letter that has been due for longest; next is that of the owner who has waited for longest since one of
# theirs was claimed, or, where none ever was, since this one fell due. So who sends little goes before who sends much.
# While Resend fails, only what has not failed yet has turns.
IN_TURN: Final = f"""
    {_OWNERS}, next AS (
        SELECT x.id, x.owner_id
        FROM (
            SELECT first.id, coalesce(t.claimed_at, first.due_at) AS waits_since
            FROM owners o LEFT JOIN mail_turns t ON t.owner_id = o.owner_id CROSS JOIN LATERAL (
                SELECT id, due_at FROM outbox
                WHERE owner_id = o.owner_id AND {READY} AND {_IN_TIME} AND (NOT :is_failing OR {_BLAMELESS}) {FIRST}
            ) first
        ) of_owner JOIN outbox x ON x.id = of_owner.id
        WHERE {READY} ORDER BY of_owner.waits_since, x.due_at, x.id LIMIT 1 FOR UPDATE OF x SKIP LOCKED
    )
"""  # noqa: S608 - nothing of it comes from outside
# Where all of it has failed: what was tried longest ago, since each failure puts a letter off.
TRIED_LONGEST_AGO: Final = f"""
    next AS (
        SELECT id, owner_id FROM outbox WHERE {READY} AND {_IN_TIME}
        ORDER BY retry_at NULLS FIRST, due_at, id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
"""  # noqa: S608 - nothing of it comes from outside
