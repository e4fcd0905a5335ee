-- The tables of the first version. Status words, money and uniqueness are checked here as well as in the code.

CREATE TABLE events (
    shop_id UUID NOT NULL,
    shop_seq BIGINT NOT NULL,
    customer_id UUID,
    customer_seq BIGINT,
    kind TEXT NOT NULL,
    order_id UUID,
    item_id UUID,
    from_status TEXT,
    to_status TEXT,
    by TEXT NOT NULL,
    actor_id UUID,
    reason TEXT,
    state JSON NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (shop_id, shop_seq),
    CONSTRAINT ck_events_kind CHECK (kind IN ('placed', 'moved', 'item', 'shop')),
    CONSTRAINT ck_events_by CHECK ("by" IN ('customer', 'shop', 'system'))
);

CREATE INDEX ix_events_order_id_shop_seq ON events (order_id, shop_seq) WHERE order_id IS NOT NULL;

CREATE UNIQUE INDEX uq_events_customer_id_customer_seq ON events (customer_id, customer_seq) WHERE customer_id IS NOT NULL;

CREATE TABLE feeds (
    id UUID NOT NULL,
    epoch TEXT NOT NULL,
    head BIGINT NOT NULL,
    menu_seq BIGINT NOT NULL,
    day DATE,
    number INTEGER NOT NULL,
    CONSTRAINT pk_feeds PRIMARY KEY (id)
)
 WITH (fillfactor = 50);

CREATE TABLE users (
    id UUID NOT NULL,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT ck_users_role CHECK (role IN ('customer', 'shop_owner')),
    CONSTRAINT ck_users_email_lower CHECK (email = lower(email)),
    CONSTRAINT uq_users_email UNIQUE (email)
);

CREATE TABLE sessions (
    id UUID NOT NULL,
    user_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_sessions PRIMARY KEY (id),
    CONSTRAINT fk_sessions_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX ix_sessions_ended_at ON sessions (ended_at) WHERE ended_at IS NOT NULL;

CREATE INDEX ix_sessions_user_id ON sessions (user_id);

CREATE TABLE shops (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    slug TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    address TEXT,
    phone TEXT,
    email TEXT,
    currency TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    listed BOOLEAN NOT NULL,
    ordering TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_shops PRIMARY KEY (id),
    CONSTRAINT ck_shops_ordering CHECK (ordering IN ('open', 'paused')),
    CONSTRAINT ck_shops_currency CHECK (currency ~ '^[A-Z]{3}$'),
    CONSTRAINT fk_shops_owner_id FOREIGN KEY(owner_id) REFERENCES users (id),
    CONSTRAINT uq_shops_slug UNIQUE (slug)
);

CREATE INDEX ix_shops_name_id ON shops (name, id) WHERE listed;

CREATE INDEX ix_shops_owner_id ON shops (owner_id);

CREATE TABLE items (
    id UUID NOT NULL,
    shop_id UUID NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    category TEXT,
    price_minor BIGINT NOT NULL,
    available BOOLEAN NOT NULL,
    stock INTEGER,
    position INTEGER NOT NULL,
    version INTEGER NOT NULL,
    archived BOOLEAN NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_items PRIMARY KEY (id),
    CONSTRAINT ck_items_price_minor CHECK (price_minor BETWEEN 0 AND 100000000),
    CONSTRAINT ck_items_stock CHECK (stock BETWEEN 0 AND 1000000),
    CONSTRAINT ck_items_position CHECK (position BETWEEN 0 AND 1000000),
    CONSTRAINT fk_items_shop_id FOREIGN KEY(shop_id) REFERENCES shops (id)
);

CREATE INDEX ix_items_shop_id_position_id ON items (shop_id, position, id);

CREATE TABLE orders (
    id UUID NOT NULL,
    shop_id UUID NOT NULL,
    customer_id UUID NOT NULL,
    number INTEGER NOT NULL,
    business_day DATE NOT NULL,
    status TEXT NOT NULL,
    is_active BOOLEAN GENERATED ALWAYS AS (status = ANY (ARRAY['pending'::text, 'preparing'::text, 'ready'::text])) STORED NOT NULL,
    trail TEXT[] NOT NULL,
    version INTEGER NOT NULL,
    shop_slug TEXT NOT NULL,
    shop_name TEXT NOT NULL,
    customer_name TEXT NOT NULL,
    currency TEXT NOT NULL,
    total_minor BIGINT NOT NULL,
    pickup_name TEXT,
    note TEXT,
    email TEXT,
    by_staff BOOLEAN NOT NULL,
    idempotency_key TEXT,
    body_hash BYTEA,
    placed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    preparing_at TIMESTAMP WITH TIME ZONE,
    ready_at TIMESTAMP WITH TIME ZONE,
    picked_up_at TIMESTAMP WITH TIME ZONE,
    cancelled_at TIMESTAMP WITH TIME ZONE,
    cancelled_by TEXT,
    reason TEXT,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_orders PRIMARY KEY (id),
    CONSTRAINT ck_orders_status CHECK (status IN ('pending', 'preparing', 'ready', 'picked_up', 'cancelled')),
    CONSTRAINT ck_orders_total_minor CHECK (total_minor >= 0),
    CONSTRAINT ck_orders_cancelled_at CHECK ((status = 'cancelled') = (cancelled_at IS NOT NULL)),
    CONSTRAINT ck_orders_cancelled_by CHECK ((status = 'cancelled') = (cancelled_by IS NOT NULL)),
    CONSTRAINT ck_orders_cancelled_by_known CHECK (cancelled_by IN ('customer', 'shop', 'system')),
    CONSTRAINT uq_orders_shop_id_business_day_number UNIQUE (shop_id, business_day, number),
    CONSTRAINT fk_orders_shop_id FOREIGN KEY(shop_id) REFERENCES shops (id),
    CONSTRAINT fk_orders_customer_id FOREIGN KEY(customer_id) REFERENCES users (id)
)
 WITH (fillfactor = 80);

CREATE INDEX ix_orders_active_customer_id ON orders (customer_id, shop_id) WHERE is_active;

CREATE INDEX ix_orders_active_shop_id ON orders (shop_id, id) WHERE is_active;

CREATE INDEX ix_orders_customer_id_id ON orders (customer_id, id);

CREATE INDEX ix_orders_shop_id_id ON orders (shop_id, id);

CREATE UNIQUE INDEX uq_orders_customer_id_idempotency_key ON orders (customer_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

CREATE TABLE refresh_tokens (
    hash BYTEA NOT NULL,
    session_id UUID NOT NULL,
    in_cookie BOOLEAN NOT NULL,
    issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT pk_refresh_tokens PRIMARY KEY (hash),
    CONSTRAINT fk_refresh_tokens_session_id FOREIGN KEY(session_id) REFERENCES sessions (id) ON DELETE CASCADE
);

CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (session_id);

CREATE TABLE shop_slugs (
    slug TEXT NOT NULL,
    shop_id UUID NOT NULL,
    CONSTRAINT pk_shop_slugs PRIMARY KEY (slug),
    CONSTRAINT fk_shop_slugs_shop_id FOREIGN KEY(shop_id) REFERENCES shops (id)
);

CREATE INDEX ix_shop_slugs_shop_id ON shop_slugs (shop_id);

CREATE TABLE shop_staff (
    shop_id UUID NOT NULL,
    user_id UUID NOT NULL,
    added_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_shop_staff PRIMARY KEY (shop_id, user_id),
    CONSTRAINT fk_shop_staff_shop_id FOREIGN KEY(shop_id) REFERENCES shops (id),
    CONSTRAINT fk_shop_staff_user_id FOREIGN KEY(user_id) REFERENCES users (id)
);

CREATE INDEX ix_shop_staff_user_id ON shop_staff (user_id);

CREATE TABLE order_lines (
    order_id UUID NOT NULL,
    position INTEGER NOT NULL,
    item_id UUID NOT NULL,
    name TEXT NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price_minor BIGINT NOT NULL,
    note TEXT,
    stock TEXT NOT NULL,
    CONSTRAINT pk_order_lines PRIMARY KEY (order_id, position),
    CONSTRAINT ck_order_lines_quantity CHECK (quantity BETWEEN 1 AND 99),
    CONSTRAINT ck_order_lines_unit_price_minor CHECK (unit_price_minor BETWEEN 0 AND 100000000),
    CONSTRAINT ck_order_lines_stock CHECK (stock IN ('none', 'taken', 'returned')),
    CONSTRAINT fk_order_lines_order_id FOREIGN KEY(order_id) REFERENCES orders (id),
    CONSTRAINT fk_order_lines_item_id FOREIGN KEY(item_id) REFERENCES items (id)
);
