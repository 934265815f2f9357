-- The campaign and ring of a run, whether its order is current, and the place of a device among rings, where a whole campaign is counted: without its orders.
ALTER TABLE runs ADD COLUMN campaign_id uuid, ADD COLUMN ring integer, ADD COLUMN is_current boolean;
CREATE FUNCTION set_campaign() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    SELECT campaign_id, ring, is_current INTO NEW.campaign_id, NEW.ring, NEW.is_current
    FROM orders WHERE id = NEW.order_id FOR SHARE;
    RETURN NEW;
END $$;
CREATE TRIGGER set_campaign BEFORE INSERT ON runs FOR EACH ROW EXECUTE FUNCTION set_campaign();
CREATE FUNCTION set_current() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    UPDATE runs SET is_current = NEW.is_current WHERE order_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER set_current AFTER UPDATE OF is_current ON orders FOR EACH ROW
    WHEN (OLD.is_current IS DISTINCT FROM NEW.is_current) EXECUTE FUNCTION set_current();
UPDATE runs r SET campaign_id = o.campaign_id, ring = o.ring, is_current = o.is_current FROM orders o WHERE o.id = r.order_id;
ALTER TABLE runs ALTER COLUMN campaign_id SET NOT NULL, ALTER COLUMN ring SET NOT NULL,
    ALTER COLUMN is_current SET NOT NULL;
CREATE INDEX runs_by_campaign ON runs (campaign_id, device_id) INCLUDE (state, ring, is_current);

-- `ring_position` of the contract: the first 64 bits of SHA-256, modulo 10 000; 2^32 is 7 296 modulo that.
ALTER TABLE devices ADD COLUMN place integer NOT NULL GENERATED ALWAYS AS (
    mod(mod(('x' || left(encode(sha256(id::text::bytea), 'hex'), 8))::bit(32)::bigint, 10000) * 7296
        + ('x' || substr(encode(sha256(id::text::bytea), 'hex'), 9, 8))::bit(32)::bigint, 10000)::int) STORED;
