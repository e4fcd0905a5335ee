-- Places an order in one round trip. The outcome is `placed`, `repeated` (the key was used for this very order) or the
-- code of a refusal, which has written nothing: `unauthenticated` where the account was erased while the order waited for
-- its turn. `staff_email_limit` is how many orders with an address the shop's staff may place within an hour, 0 for any
-- number. Lock order: the customer's turn, items by id, shop feed, customer feed.
--
-- What is read of the shop and its menu is not locked: whatever changes it raises `menu_seq` in the feed, which is read
-- first and compared once the feed is locked. After a change in between all is read again, this time for good, so that no
-- owner who changes prices all the time keeps customers out. An item that has got a stock in between is then locked after
-- the feed: at worst a deadlock, which the caller tries again.
CREATE FUNCTION place_order(
    new_id uuid, of_shop uuid, of_customer uuid, item_ids uuid[], quantities integer[], notes text[],
    order_note text, order_pickup_name text, mail_to text, expected_minor bigint,
    idem_key text, idem_hash bytea, open_limit integer, staff_email_limit integer,
    OUT outcome text, OUT extra json, OUT document text, OUT events json[]
) LANGUAGE plpgsql AS $$
DECLARE
    shop record;
    feed record;
    own record;
    menu record;
    placed orders;
    state json;
    lacking json;
    at_instant timestamptz;
    wait_s integer;
BEGIN
    -- A customer's orders are placed one after the other: a twin with the same key waits here, and the count of open
    -- orders holds.
    PERFORM pg_advisory_xact_lock(hashtextextended(of_customer::text, 0));

    LOOP
        SELECT s.id, s.slug, s.name, s.currency, s.time_zone, s.ordering, f.menu_seq, u.name AS customer_name,
               u.erased_at IS NOT NULL AS is_customer_erased,
               EXISTS (SELECT FROM shop_staff t WHERE t.shop_id = s.id AND t.user_id = of_customer) AS is_staff
        INTO shop
        FROM shops s JOIN feeds f ON f.id = s.id JOIN users u ON u.id = of_customer
        WHERE s.id = of_shop;
        IF NOT FOUND THEN
            outcome := 'not_found';
            RETURN;
        END IF;
        IF shop.is_customer_erased THEN
            outcome := 'unauthenticated';
            RETURN;
        END IF;

        IF idem_key IS NOT NULL THEN
            SELECT o.* INTO placed FROM orders o WHERE o.customer_id = of_customer AND o.idempotency_key = idem_key;
            IF FOUND THEN
                outcome := CASE WHEN placed.body_hash = idem_hash AND placed.shop_id = shop.id THEN 'repeated'
                                ELSE 'idempotency_key_reused' END;
                document := order_document(placed);
                RETURN;
            END IF;
        END IF;

        IF mail_to IS NOT NULL AND NOT shop.is_staff THEN
            outcome := 'email_not_allowed';
            RETURN;
        END IF;
        IF shop.ordering <> 'open' THEN
            outcome := 'shop_paused';
            RETURN;
        END IF;

        SELECT sum(w.quantity * i.price_minor)::bigint AS total_minor,
               array_agg(i.name ORDER BY w.position) AS names,
               array_agg(i.price_minor ORDER BY w.position) AS prices,
               array_agg(CASE WHEN i.stock IS NULL THEN 'none' ELSE 'taken' END ORDER BY w.position) AS stocks,
               bool_or(i.stock IS NOT NULL) AS is_limited,
               json_agg(json_build_object('item_id', w.item_id, 'name', i.name) ORDER BY w.position)
                   FILTER (WHERE i.id IS NULL OR i.archived OR NOT i.available) AS unavailable,
               '[' || string_agg(line_document(w.item_id, i.name, w.quantity, i.price_minor, w.note), ','
                                 ORDER BY w.position) || ']' AS lines
        INTO menu
        FROM unnest(item_ids, quantities, notes) WITH ORDINALITY AS w(item_id, quantity, note, position)
        LEFT JOIN items i ON i.id = w.item_id AND i.shop_id = shop.id;
        IF menu.unavailable IS NOT NULL THEN
            outcome := 'item_unavailable';
            extra := json_build_object('items', menu.unavailable);
            RETURN;
        END IF;
        IF menu.total_minor <> expected_minor THEN
            outcome := 'total_changed';
            extra := json_build_object('total_minor', menu.total_minor);
            RETURN;
        END IF;

        IF open_limit > 0 AND NOT shop.is_staff AND open_limit <= (
            SELECT count(*) FROM orders o
            WHERE o.customer_id = of_customer AND o.shop_id = shop.id AND o.is_active
        ) THEN
            outcome := 'too_many_open_orders';
            RETURN;
        END IF;

        IF menu.is_limited THEN
            lacking := lacking_stock(item_ids, quantities);
            IF lacking IS NOT NULL THEN
                outcome := 'out_of_stock';
                extra := json_build_object('items', lacking);
                RETURN;
            END IF;
        END IF;

        SELECT f.epoch, f.head, f.menu_seq, f.day, f.number INTO STRICT feed
        FROM feeds f WHERE f.id = shop.id FOR NO KEY UPDATE;
        EXIT WHEN feed.menu_seq = shop.menu_seq;
    END LOOP;

    at_instant := clock();
    -- Whoever has the feed's lock sees all that came before: no two orders take the last place.
    IF mail_to IS NOT NULL AND staff_email_limit > 0 THEN
        SELECT ceil(extract(epoch FROM e.at + interval '1 hour' - at_instant))::integer INTO wait_s
        FROM staff_emails e WHERE e.shop_id = shop.id AND e.at > at_instant - interval '1 hour'
        ORDER BY e.at DESC OFFSET staff_email_limit - 1 LIMIT 1;
        IF FOUND THEN
            outcome := 'rate_limited';
            extra := json_build_object('retry_after_s', wait_s);
            RETURN;
        END IF;
        DELETE FROM staff_emails e WHERE e.shop_id = shop.id AND e.at <= at_instant - interval '1 hour';
        INSERT INTO staff_emails (shop_id, at, order_id) VALUES (shop.id, at_instant, new_id);
    END IF;
    events := '{}';
    IF menu.is_limited THEN
        events := take_stock(
            shop.id, feed.epoch, feed.head + 1, at_instant, 'customer', of_customer, item_ids, quantities);
    END IF;

    UPDATE feeds f
    SET head = f.head + 1 + cardinality(events),
        day = greatest(f.day, (at_instant AT TIME ZONE shop.time_zone)::date),
        number = CASE WHEN f.day >= (at_instant AT TIME ZONE shop.time_zone)::date THEN f.number + 1 ELSE 1 END
    WHERE f.id = shop.id RETURNING f.epoch, f.head, f.day, f.number INTO feed;
    UPDATE feeds f SET head = f.head + 1 WHERE f.id = of_customer RETURNING f.epoch, f.head INTO STRICT own;

    INSERT INTO orders (
        id, shop_id, customer_id, number, business_day, status, trail, version, shop_slug, shop_name, customer_name,
        currency, total_minor, pickup_name, note, email, by_staff, idempotency_key, body_hash, placed_at, updated_at)
    VALUES (
        new_id, shop.id, of_customer, feed.number, feed.day, 'pending', '{}', 1, shop.slug, shop.name,
        shop.customer_name, shop.currency, menu.total_minor, order_pickup_name, order_note, mail_to, shop.is_staff,
        idem_key, idem_hash, at_instant, at_instant)
    RETURNING * INTO placed;
    state := order_state(placed);
    INSERT INTO order_lines (order_id, position, item_id, name, quantity, unit_price_minor, note, stock)
    SELECT new_id, w.position, w.item_id, w.name, w.quantity, w.unit_price_minor, w.note, w.stock
    FROM unnest(item_ids, menu.names, quantities, menu.prices, notes, menu.stocks) WITH ORDINALITY
        AS w(item_id, name, quantity, unit_price_minor, note, stock, position);
    INSERT INTO events (
        shop_id, shop_seq, customer_id, customer_seq, kind, order_id, to_status, "by", actor_id, state, at)
    VALUES (
        shop.id, feed.head, of_customer, own.head, 'placed', new_id, 'pending', 'customer', of_customer,
        state, at_instant);

    document := order_document(placed, state, menu.lines);
    outcome := 'placed';
    events := events || json_build_object(
        'kind', 'placed', 'at', instant(at_instant), 'shop_id', shop.id, 'shop_epoch', feed.epoch,
        'shop_seq', feed.head, 'customer_id', of_customer, 'customer_epoch', own.epoch, 'customer_seq', own.head,
        'to_status', 'pending', 'by', 'customer', 'day', feed.day, 'number', feed.number);
END
$$;

-- As the code before calls it. Replaced, not dropped: a call that is just being planned would fail.
CREATE OR REPLACE FUNCTION place_order(
    new_id uuid, of_shop uuid, of_customer uuid, item_ids uuid[], quantities integer[], notes text[],
    order_note text, order_pickup_name text, mail_to text, expected_minor bigint,
    idem_key text, idem_hash bytea, open_limit integer,
    OUT outcome text, OUT extra json, OUT document text, OUT events json[]
) LANGUAGE sql AS $$
    SELECT p.* FROM place_order(
        new_id, of_shop, of_customer, item_ids, quantities, notes, order_note, order_pickup_name, mail_to,
        expected_minor, idem_key, idem_hash, open_limit, 0) p
$$;
