-- A store's rules for the gate are a fourth part of its rule sets. They are few, are read whole with every tap, and are judged by
-- domain::gate alone: the list is one document beside its part, so that a tap reads it with the number of the version in force and
-- a published change counts for the next tap of every process. A rule set without the part is one of a store that has none, and
-- what the version before writes.
ALTER TABLE rule_part
    DROP CONSTRAINT rule_part_kind,
    ADD CONSTRAINT rule_part_kind CHECK (kind IN ('catalog', 'promotions', 'taxes', 'risk')),
    ADD COLUMN rules jsonb CONSTRAINT rule_part_rules_by_kind CHECK ((rules IS NOT NULL) = (kind = 'risk'));

ALTER TABLE rule_set
    ADD COLUMN risk_id bigint,
    ADD COLUMN risk_kind text NOT NULL GENERATED ALWAYS AS ('risk') STORED,
    ADD CONSTRAINT rule_set_risk FOREIGN KEY (risk_id, store_id, risk_kind) REFERENCES rule_part (rule_part_id, store_id, kind);

-- More reasons, and how a decision differs from the recommendation. The version before does not say how.
ALTER TABLE gate_decision
    DROP CONSTRAINT gate_decision_reason,
    ADD CONSTRAINT gate_decision_reason CHECK (reason IN (
        'nothing_owed', 'below_threshold', 'recommended', 'outstanding_balance', 'recommended_denial', 'risk', 'repeat_offender',
        'conditional', 'risk_accepted', 'settled_since', 'blocked', 'allowed')),
    ADD COLUMN override_kind text CONSTRAINT gate_decision_override_kind CHECK (override_kind IN ('accept', 'deny', 'adjust')),
    ADD CONSTRAINT gate_decision_override CHECK (override_kind IS NULL OR is_override);

-- When Amazon was last seen without its flag of a debt. Written once after each settlement, not with every tap.
ALTER TABLE instrument ADD COLUMN unflagged_at timestamptz;

-- The gate's one read: what counts and since when, and when the last debt was settled.
CREATE INDEX debt_counts_at_gate_since ON debt (instrument_id) INCLUDE (currency, outstanding_minor, written_off_minor, incurred_at)
    WHERE counts_at_gate AND outstanding_minor + written_off_minor > 0;
DROP INDEX debt_counts_at_gate;
CREATE INDEX debt_settled ON debt (instrument_id, updated_at) WHERE status = 'settled';
