-- The few devices whose agent came back to its version before are found without looking at every fact.
CREATE INDEX device_facts_update_failed ON device_facts (device_id) WHERE facts ? 'agent.update_failed';
