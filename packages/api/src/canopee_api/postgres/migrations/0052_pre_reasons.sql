-- Why a campaign halted, for programs too; what its signals had counted at the last look.
ALTER TABLE campaigns
    ADD COLUMN halt_code text NOT NULL DEFAULT '',
    ADD COLUMN halt_params jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN signal_figures jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN signals_at timestamptz;
