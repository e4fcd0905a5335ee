-- Moves an order in one round trip, if it still stands where the caller read it: otherwise the outcome is `missed` and
-- nothing is written. The rules of the lifecycle are the caller's. `hold` is how long an e-mail that says `ready` waits.
-- A move that finishes an order which was under way when the person was erased for whom staff had placed it takes their
-- words out of it. Lock order: order, items by id, outbox, shop feed, customer feed.
CREATE OR REPLACE FUNCTION move_order(
    of_order uuid, at_version integer, to_status text, new_trail text[], is_recall boolean,
    by_party text, by_actor uuid, because text, hold interval,
    OUT outcome text, OUT extra json, OUT document text, OUT events json[]
) LANGUAGE plpgsql AS $$
DECLARE
    was orders;
    moved orders;
    state json;
    feed record;
    own record;
    at_instant timestamptz;
    mail_to text;
    lacking json;
    item_ids uuid[];
    quantities integer[];
    lines_were text;
    lines_become text;
BEGIN
    SELECT o.* INTO was FROM orders o WHERE o.id = of_order AND o.version = at_version FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        outcome := 'missed';
        RETURN;
    END IF;

    -- Only a pending order that is cancelled gives stock back, and only its recall takes that again.
    IF was.status = 'pending' AND to_status = 'cancelled' THEN
        lines_were := 'taken';
        lines_become := 'returned';
    ELSIF is_recall AND was.status = 'cancelled' AND to_status = 'pending' THEN
        lines_were := 'returned';
        lines_become := 'taken';
    END IF;
    IF lines_were IS NOT NULL THEN
        SELECT array_agg(l.item_id), array_agg(l.quantity) INTO item_ids, quantities
        FROM order_lines l WHERE l.order_id = of_order AND l.stock = lines_were;
    END IF;
    IF item_ids IS NOT NULL THEN
        lacking := lacking_stock(item_ids, quantities);
        IF lines_become = 'taken' AND lacking IS NOT NULL THEN
            outcome := 'out_of_stock';
            extra := json_build_object('items', lacking);
            RETURN;
        END IF;
    END IF;

    -- Which e-mails follow from it, before the feeds are locked. One that nobody has accepted is withdrawn when its status
    -- is left; a worker that has it just now finds out when it settles.
    IF was.status IN ('ready', 'picked_up') THEN
        UPDATE outbox x SET state = 'withdrawn', settled_at = clock()
        WHERE x.order_id = of_order AND x.kind = was.status AND x.state = 'waiting';
    END IF;
    IF to_status IN ('ready', 'picked_up') AND NOT is_recall AND by_party <> 'system' THEN
        mail_to := CASE WHEN was.by_staff THEN was.email
                        ELSE (SELECT u.email FROM users u WHERE u.id = was.customer_id) END;
        at_instant := clock();
        -- Picked up is told once per order: its row comes back under the same key, with the same words if it may have
        -- been accepted before, and not at all once Resend may have forgotten the key.
        INSERT INTO outbox (id, order_id, kind, recipient, state, queued_at, due_at, attempts)
        SELECT uuid_of_now(), of_order, to_status, mail_to, 'waiting', at_instant,
               at_instant + CASE WHEN to_status = 'ready' THEN hold ELSE '0' END, 0
        -- Nobody is told ten times of one order, whatever is done with it.
        WHERE mail_to IS NOT NULL AND NOT EXISTS (
            SELECT FROM outbox y WHERE y.order_id = of_order AND y.kind = to_status AND y.state = 'sent' OFFSET 9)
        ON CONFLICT (order_id) WHERE kind = 'picked_up' DO UPDATE
        SET state = 'waiting', recipient = excluded.recipient, queued_at = excluded.queued_at,
            due_at = excluded.due_at, retry_at = NULL, settled_at = NULL, error = NULL
        WHERE outbox.state = 'withdrawn'
          AND (outbox.payload IS NULL OR outbox.claimed_at > at_instant - interval '20 hours');
    ELSIF to_status = 'ready' AND is_recall THEN
        -- A recall queues none, but the one that was withdrawn with the status comes back with it: under the same key and
        -- with the same words if it may have been accepted, and not at all once Resend may have forgotten the key.
        at_instant := clock();
        UPDATE outbox x
        SET state = 'waiting', queued_at = at_instant, due_at = at_instant + hold, retry_at = NULL, settled_at = NULL,
            error = NULL
        WHERE x.id = (SELECT y.id FROM outbox y WHERE y.order_id = of_order AND y.kind = 'ready'
                      ORDER BY y.queued_at DESC, y.id DESC LIMIT 1)
          AND x.state = 'withdrawn' AND x.recipient IS NOT NULL
          AND (x.payload IS NULL OR x.claimed_at > at_instant - interval '20 hours');
    END IF;

    SELECT f.epoch, f.head INTO STRICT feed FROM feeds f WHERE f.id = was.shop_id FOR NO KEY UPDATE;
    at_instant := clock();
    events := '{}';
    IF item_ids IS NOT NULL THEN
        UPDATE order_lines l SET stock = CASE WHEN i.stock IS NULL THEN 'none' ELSE lines_become END
        FROM items i WHERE l.order_id = of_order AND l.stock = lines_were AND i.id = l.item_id;
        IF lines_become = 'returned' THEN
            quantities := ARRAY(SELECT -q FROM unnest(quantities) AS q);
        END IF;
        events := take_stock(
            was.shop_id, feed.epoch, feed.head + 1, at_instant, by_party, by_actor, item_ids, quantities);
    END IF;

    UPDATE feeds f SET head = f.head + 1 + cardinality(events) WHERE f.id = was.shop_id
    RETURNING f.epoch, f.head INTO feed;
    UPDATE feeds f SET head = f.head + 1 WHERE f.id = was.customer_id RETURNING f.epoch, f.head INTO STRICT own;

    -- A move sets the time of the status that it leads to; a recall clears that of the status that it takes back.
    UPDATE orders o
    SET status = to_status, trail = new_trail, version = o.version + 1, updated_at = at_instant,
        preparing_at = CASE WHEN is_recall AND was.status = 'preparing' THEN NULL
                            WHEN NOT is_recall AND to_status = 'preparing' THEN at_instant ELSE o.preparing_at END,
        ready_at = CASE WHEN is_recall AND was.status = 'ready' THEN NULL
                        WHEN NOT is_recall AND to_status = 'ready' THEN at_instant ELSE o.ready_at END,
        picked_up_at = CASE WHEN is_recall AND was.status = 'picked_up' THEN NULL
                            WHEN NOT is_recall AND to_status = 'picked_up' THEN at_instant ELSE o.picked_up_at END,
        cancelled_at = CASE WHEN to_status = 'cancelled' THEN at_instant END,
        cancelled_by = CASE WHEN to_status = 'cancelled' THEN by_party END,
        reason = CASE WHEN to_status = 'cancelled' THEN because END
    WHERE o.id = of_order RETURNING o.* INTO moved;
    state := order_state(moved);
    INSERT INTO events (
        shop_id, shop_seq, customer_id, customer_seq, kind, order_id, from_status, to_status, "by", actor_id, reason,
        state, at)
    VALUES (
        moved.shop_id, feed.head, moved.customer_id, own.head, 'moved', of_order, was.status, to_status, by_party,
        by_actor, because, state, at_instant);

    IF NOT moved.is_active THEN
        UPDATE late_erasures e SET done_at = at_instant WHERE e.order_id = of_order;
        IF FOUND THEN
            PERFORM erase_orders(ARRAY[of_order], NULL);
            SELECT o.* INTO STRICT moved FROM orders o WHERE o.id = of_order;
            state := order_state(moved);
            because := CASE WHEN by_party <> 'customer' THEN because END;
        END IF;
    END IF;

    document := order_document(moved, state, order_lines_document(of_order));
    outcome := 'moved';
    events := events || json_build_object(
        'kind', 'moved', 'at', instant(at_instant), 'shop_id', moved.shop_id, 'shop_epoch', feed.epoch,
        'shop_seq', feed.head, 'customer_id', moved.customer_id, 'customer_epoch', own.epoch,
        'customer_seq', own.head, 'from_status', was.status, 'to_status', to_status, 'by', by_party,
        'reason', because, 'day', moved.business_day, 'number', moved.number);
END
$$
