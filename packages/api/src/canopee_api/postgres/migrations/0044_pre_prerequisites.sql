-- A campaign may come after others: what each device has done, the highest version of each pipeline, by its present enrolment.
ALTER TABLE campaigns ADD COLUMN prerequisites jsonb NOT NULL DEFAULT '[]';
CREATE TABLE pipelines_done (
    device_id uuid NOT NULL REFERENCES devices ON DELETE CASCADE,
    kind text NOT NULL,
    name text NOT NULL,
    generation integer NOT NULL,
    version integer NOT NULL,
    PRIMARY KEY (device_id, kind, name)
);
INSERT INTO pipelines_done (device_id, kind, name, generation, version)
    SELECT DISTINCT ON (1, 2, 3) r.device_id, c.kind, c.pipeline->>'name', o.generation, (c.pipeline->>'version')::int
    FROM runs r JOIN orders o ON o.id = r.order_id JOIN campaigns c ON c.id = o.campaign_id
    WHERE r.state = 'done' ORDER BY 1, 2, 3, 4 DESC, 5 DESC;
