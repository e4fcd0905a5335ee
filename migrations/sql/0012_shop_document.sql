CREATE OR REPLACE FUNCTION shop_document(s shops) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT '{"id":"' || s.id || '","slug":"' || s.slug || '","name":' || quoted(s.name)
        || ',"description":' || quoted(s.description) || ',"address":' || quoted(s.address)
        || ',"phone":' || quoted(s.phone) || ',"email":' || quoted(s.email)
        || ',"currency":"' || s.currency || '","time_zone":' || quoted(s.time_zone)
        || ',"listed":' || s.listed::text || ',"ordering":"' || s.ordering
        || '","warm_minutes":' || s.warm_minutes || ',"hot_minutes":' || s.hot_minutes || ',"version":' || s.version
        || ',"created_at":"' || instant(s.created_at) || '","updated_at":"' || instant(s.updated_at) || '"}'
$$
