-- An item as everybody sees it: without its stock.
CREATE OR REPLACE FUNCTION item_document(i items) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '{"id":"' || i.id || '","name":' || quoted(i.name) || ',"description":' || quoted(i.description)
        || ',"category":' || quoted(i.category) || ',"photo_url":' || quoted(i.photo_url)
        || ',"price_minor":' || i.price_minor || ',"available":' || i.available::text
        || ',"sold_out":' || (NOT i.available OR i.stock IS NOT DISTINCT FROM 0)::text
        || ',"position":' || i.position || ',"version":' || i.version || ',"archived":' || i.archived::text
        || ',"updated_at":"' || instant(i.updated_at) || '"}'
$$
