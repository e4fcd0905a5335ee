-- Takes the words of somebody who is erased out of orders: those that they placed, and those that staff placed for their
-- address. The caller has locked them. One that is under way keeps, for the counter, the name to call and the notes: it is
-- noted, and the move that finishes it calls this again, without a customer.
CREATE FUNCTION erase_orders(of_orders uuid[], of_customer uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    finished uuid[];
BEGIN
    WITH emptied AS (
        UPDATE orders o
        SET email = NULL,
            customer_name = CASE WHEN o.customer_id = of_customer THEN 'erased' ELSE o.customer_name END,
            pickup_name = CASE WHEN o.is_active THEN o.pickup_name END,
            note = CASE WHEN o.is_active THEN o.note END,
            reason = CASE WHEN o.cancelled_by IS DISTINCT FROM 'customer' THEN o.reason END,
            -- A key of staff stays, so that it makes no second order, and without a hash it never stands for the same one.
            idempotency_key = CASE WHEN o.customer_id IS DISTINCT FROM of_customer THEN o.idempotency_key END,
            body_hash = CASE WHEN o.is_active THEN o.body_hash END
        WHERE o.id = ANY (of_orders) RETURNING o.id, o.is_active
    ), noted AS (
        INSERT INTO late_erasures (order_id) SELECT e.id FROM emptied e WHERE e.is_active
    )
    SELECT array_agg(e.id) INTO finished FROM emptied e WHERE NOT e.is_active;

    UPDATE order_lines l SET note = NULL WHERE l.order_id = ANY (finished) AND l.note IS NOT NULL;
    UPDATE events e
    SET reason = NULL, state = (SELECT json_object_agg(s.key, s.value) FROM json_each(e.state) s WHERE s.key <> 'reason')
    WHERE e.order_id = ANY (finished) AND e.by = 'customer' AND e.reason IS NOT NULL;
END
$$
