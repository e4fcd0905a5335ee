-- What clients read, made in one place: a live frame, a replayed one, a snapshot and a REST answer are the same bytes.

CREATE FUNCTION instant(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Times are kept as they are shown, to the millisecond, so that a stored time and its document never differ.
-- The wall clock and not the transaction's: it is read after a lock was waited for.
CREATE FUNCTION clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT date_trunc('milliseconds', clock_timestamp())
$$;

-- An item as everybody sees it: without its stock.
CREATE FUNCTION item_document(i items) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'id', i.id, 'name', i.name, 'description', i.description, 'category', i.category,
        'price_minor', i.price_minor, 'available', i.available,
        'sold_out', NOT i.available OR i.stock IS NOT DISTINCT FROM 0,
        'position', i.position, 'version', i.version, 'archived', i.archived, 'updated_at', instant(i.updated_at))
$$;

CREATE FUNCTION shop_document(s shops) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'id', s.id, 'slug', s.slug, 'name', s.name, 'description', s.description, 'address', s.address,
        'phone', s.phone, 'email', s.email, 'currency', s.currency, 'time_zone', s.time_zone,
        'listed', s.listed, 'ordering', s.ordering, 'version', s.version,
        'created_at', instant(s.created_at), 'updated_at', instant(s.updated_at))
$$;

-- What a move of an order can change. Events keep it; everything else of an order never changes.
CREATE FUNCTION order_state(o orders) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT jsonb_strip_nulls(jsonb_build_object(
        'status', o.status, 'version', o.version, 'preparing_at', instant(o.preparing_at),
        'ready_at', instant(o.ready_at), 'picked_up_at', instant(o.picked_up_at),
        'cancelled_at', instant(o.cancelled_at), 'cancelled_by', o.cancelled_by, 'reason', o.reason,
        'updated_at', instant(o.updated_at)))
$$;

CREATE FUNCTION order_lines_document(of_order uuid) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_agg(json_build_object(
        'item_id', l.item_id, 'name', l.name, 'quantity', l.quantity, 'unit_price_minor', l.unit_price_minor,
        'amount_minor', l.quantity * l.unit_price_minor, 'note', l.note) ORDER BY l.position)
    FROM order_lines l WHERE l.order_id = of_order
$$;

-- An order in a state that it had; its lines are handed in by who has them at hand.
CREATE FUNCTION order_document(o orders, state jsonb, lines json) RETURNS json
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_build_object(
        'id', o.id, 'number', o.number, 'business_day', o.business_day,
        'status', state -> 'status', 'version', state -> 'version',
        'shop', json_build_object('id', o.shop_id, 'slug', o.shop_slug, 'name', o.shop_name),
        'customer', json_build_object('id', o.customer_id, 'name', o.customer_name),
        'pickup_name', o.pickup_name, 'lines', lines, 'note', o.note,
        'currency', o.currency, 'total_minor', o.total_minor, 'placed_at', instant(o.placed_at),
        'preparing_at', state -> 'preparing_at', 'ready_at', state -> 'ready_at',
        'picked_up_at', state -> 'picked_up_at', 'cancelled_at', state -> 'cancelled_at',
        'cancelled_by', state -> 'cancelled_by', 'reason', state -> 'reason', 'updated_at', state -> 'updated_at')
$$;

-- An order as it is now.
CREATE FUNCTION order_document(o orders) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT order_document(o, order_state(o), order_lines_document(o.id))
$$;
