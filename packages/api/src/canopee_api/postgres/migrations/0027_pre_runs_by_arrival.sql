-- What became of pipelines these last days is counted without reading every run there ever was.
CREATE INDEX runs_by_arrival ON runs (received_at);
