-- What clients read, made in one place: a live frame, a replayed one, a snapshot and a REST answer are the same text.
-- It is joined by hand because json_build_object would add a space around each colon, in every frame to every board.

CREATE FUNCTION instant(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
$$;

-- Times are kept as they are shown, to the millisecond, so that a stored time and its document never differ.
-- The wall clock and not the transaction's: it is read after a lock was waited for.
CREATE FUNCTION clock() RETURNS timestamptz LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT date_trunc('milliseconds', clock_timestamp())
$$;

-- Text as JSON, null included.
CREATE FUNCTION quoted(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(to_json(value)::text, 'null')
$$;

-- An item as everybody sees it: without its stock.
CREATE FUNCTION item_document(i items) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '{"id":"' || i.id || '","name":' || quoted(i.name) || ',"description":' || quoted(i.description)
        || ',"category":' || quoted(i.category) || ',"price_minor":' || i.price_minor
        || ',"available":' || i.available::text
        || ',"sold_out":' || (NOT i.available OR i.stock IS NOT DISTINCT FROM 0)::text
        || ',"position":' || i.position || ',"version":' || i.version || ',"archived":' || i.archived::text
        || ',"updated_at":"' || instant(i.updated_at) || '"}'
$$;

CREATE FUNCTION shop_document(s shops) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '{"id":"' || s.id || '","slug":"' || s.slug || '","name":' || quoted(s.name)
        || ',"description":' || quoted(s.description) || ',"address":' || quoted(s.address)
        || ',"phone":' || quoted(s.phone) || ',"email":' || quoted(s.email)
        || ',"currency":"' || s.currency || '","time_zone":' || quoted(s.time_zone)
        || ',"listed":' || s.listed::text || ',"ordering":"' || s.ordering || '","version":' || s.version
        || ',"created_at":"' || instant(s.created_at) || '","updated_at":"' || instant(s.updated_at) || '"}'
$$;

-- What a move of an order can change. Events keep it; everything else of an order never changes.
CREATE FUNCTION order_state(o orders) RETURNS json LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT json_strip_nulls(json_build_object(
        'status', o.status, 'version', o.version, 'preparing_at', instant(o.preparing_at),
        'ready_at', instant(o.ready_at), 'picked_up_at', instant(o.picked_up_at),
        'cancelled_at', instant(o.cancelled_at), 'cancelled_by', o.cancelled_by, 'reason', o.reason,
        'updated_at', instant(o.updated_at)))
$$;

CREATE FUNCTION line_document(
    item_id uuid, name text, quantity integer, unit_price_minor bigint, note text
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT '{"item_id":"' || item_id || '","name":' || quoted(name) || ',"quantity":' || quantity
        || ',"unit_price_minor":' || unit_price_minor || ',"amount_minor":' || quantity * unit_price_minor
        || ',"note":' || quoted(note) || '}'
$$;

CREATE FUNCTION order_lines_document(of_order uuid) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '[' || string_agg(
        line_document(l.item_id, l.name, l.quantity, l.unit_price_minor, l.note), ',' ORDER BY l.position) || ']'
    FROM order_lines l WHERE l.order_id = of_order
$$;

-- An order in a state that it had; its lines are handed in by who has them at hand.
CREATE FUNCTION order_document(o orders, state json, lines text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '{"id":"' || o.id || '","number":' || o.number || ',"business_day":"' || o.business_day
        || '","status":' || quoted(state ->> 'status') || ',"version":' || (state ->> 'version')
        || ',"shop":{"id":"' || o.shop_id || '","slug":"' || o.shop_slug || '","name":' || quoted(o.shop_name)
        || '},"customer":{"id":"' || o.customer_id || '","name":' || quoted(o.customer_name)
        || '},"pickup_name":' || quoted(o.pickup_name) || ',"lines":' || lines || ',"note":' || quoted(o.note)
        || ',"currency":"' || o.currency || '","total_minor":' || o.total_minor
        || ',"placed_at":"' || instant(o.placed_at) || '","preparing_at":' || quoted(state ->> 'preparing_at')
        || ',"ready_at":' || quoted(state ->> 'ready_at') || ',"picked_up_at":' || quoted(state ->> 'picked_up_at')
        || ',"cancelled_at":' || quoted(state ->> 'cancelled_at')
        || ',"cancelled_by":' || quoted(state ->> 'cancelled_by') || ',"reason":' || quoted(state ->> 'reason')
        || ',"updated_at":' || quoted(state ->> 'updated_at') || '}'
$$;

-- An order as it is now.
CREATE FUNCTION order_document(o orders) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- OFFSET 0 keeps the planner from working the state out anew at each of its nine places.
    SELECT order_document(o, s.state, s.lines)
    FROM (SELECT order_state(o) AS state, order_lines_document(o.id) AS lines OFFSET 0) s
$$;
