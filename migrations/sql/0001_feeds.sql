-- Every change of an item or a shop, and every sold-out that an order causes, is appended to its shop's feed here.
-- The feed's row stays locked until the commit, so that what can be read is always a prefix without holes.

-- The next seq of a shop's feed for a change of its menu or facts. Orders that read the menu before it notice.
CREATE FUNCTION append_to_shop(
    of_shop uuid, of_kind text, of_item uuid, by_actor uuid, document text
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
    feed record;
    at_instant timestamptz;
BEGIN
    UPDATE feeds SET head = head + 1, menu_seq = head + 1 WHERE id = of_shop RETURNING epoch, head INTO STRICT feed;
    at_instant := clock();
    INSERT INTO events (shop_id, shop_seq, kind, item_id, "by", actor_id, state, at)
    VALUES (of_shop, feed.head, of_kind, of_item, 'shop', by_actor, document::json, at_instant);
    RETURN json_build_object(
        'kind', of_kind, 'at', instant(at_instant), 'shop_id', of_shop, 'shop_epoch', feed.epoch,
        'shop_seq', feed.head, 'document', document);
END
$$;

-- Takes items out of stock (or gives them back, where quantities are negative) in a feed that is locked already.
-- Returns the items whose sold_out flipped, as events from `first_seq` on; archived items are on no menu and tell nothing.
CREATE FUNCTION take_stock(
    of_shop uuid, shop_epoch text, first_seq bigint, at_instant timestamptz, by_party text, by_actor uuid,
    item_ids uuid[], quantities integer[]
) RETURNS json[] LANGUAGE plpgsql AS $$
DECLARE
    item items;
    taken record;
    flips boolean;
    next_seq bigint := first_seq;
    told json[] := '{}';
BEGIN
    FOR taken IN
        SELECT w.item_id, sum(w.quantity)::integer AS quantity
        FROM unnest(item_ids, quantities) AS w(item_id, quantity) GROUP BY w.item_id ORDER BY w.item_id
    LOOP
        SELECT i.* INTO item FROM items i WHERE i.id = taken.item_id;
        CONTINUE WHEN item.stock IS NULL;
        IF item.stock < taken.quantity THEN
            RAISE EXCEPTION 'a stock was limited meanwhile' USING ERRCODE = 'serialization_failure';
        END IF;
        -- An owner may have set the stock anew since it was taken: giving back stops at the largest stock there is.
        flips := item.available AND NOT item.archived
            AND (item.stock = 0) IS DISTINCT FROM (item.stock - taken.quantity = 0);
        UPDATE items i
        SET stock = least(i.stock - taken.quantity, 1000000),
            version = i.version + flips::integer,
            updated_at = CASE WHEN flips THEN at_instant ELSE i.updated_at END
        WHERE i.id = taken.item_id RETURNING i.* INTO item;
        IF flips THEN
            INSERT INTO events (shop_id, shop_seq, kind, item_id, "by", actor_id, state, at)
            VALUES (of_shop, next_seq, 'item', item.id, by_party, by_actor, item_document(item)::json, at_instant);
            told := told || json_build_object(
                'kind', 'item', 'at', instant(at_instant), 'shop_id', of_shop, 'shop_epoch', shop_epoch,
                'shop_seq', next_seq, 'document', item_document(item));
            next_seq := next_seq + 1;
        END IF;
    END LOOP;
    RETURN told;
END
$$;

-- Of items with a limited stock, those of which there is less than wanted; locks them all, in the order of their ids.
CREATE FUNCTION lacking_stock(item_ids uuid[], quantities integer[]) RETURNS json LANGUAGE sql VOLATILE AS $$
    WITH wanted AS (
        SELECT w.item_id, sum(w.quantity) AS quantity
        FROM unnest(item_ids, quantities) AS w(item_id, quantity) GROUP BY w.item_id
    ), locked AS (
        SELECT i.id, i.name, i.stock FROM items i
        WHERE i.id = ANY (item_ids) AND i.stock IS NOT NULL ORDER BY i.id FOR NO KEY UPDATE
    )
    SELECT json_agg(json_build_object('item_id', l.id, 'name', l.name, 'left', l.stock) ORDER BY l.id)
    FROM locked l JOIN wanted w ON w.item_id = l.id WHERE l.stock < w.quantity
$$;
