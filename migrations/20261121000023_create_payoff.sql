-- A payment towards debts through the retailer's own processor. The columns below `state` are the data of domain::payoff::Payoff's
-- variants; the checks say which state has which. The id is Stripe's idempotency key and reference as well, for the payoff's whole
-- life. The row and its allocations are committed before Stripe is called, so that whatever is paid there finds them here.
CREATE TABLE payoff (
    payoff_id uuid CONSTRAINT payoff_pk PRIMARY KEY,
    shopper_id uuid NOT NULL CONSTRAINT payoff_shopper REFERENCES shopper,
    currency text NOT NULL CONSTRAINT payoff_currency CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint NOT NULL CONSTRAINT payoff_amount CHECK (amount_minor > 0),
    state text NOT NULL CONSTRAINT payoff_state CHECK (state IN (
        'created', 'open', 'expired', 'abandoned', 'paid', 'disputed', 'lost', 'won')),
    session_id text CONSTRAINT payoff_session_once UNIQUE CONSTRAINT payoff_session_length CHECK (length(session_id) BETWEEN 1 AND 255),
    -- Where it is paid: good for whoever has it, so it goes when the session is over.
    session_url text,
    payment_id text CONSTRAINT payoff_payment_once UNIQUE CONSTRAINT payoff_payment_length CHECK (length(payment_id) BETWEEN 1 AND 255),
    dispute_id text CONSTRAINT payoff_dispute_once UNIQUE CONSTRAINT payoff_dispute_length CHECK (length(dispute_id) BETWEEN 1 AND 255),
    disputed_minor bigint CONSTRAINT payoff_disputed CHECK (disputed_minor BETWEEN 1 AND amount_minor),
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    paid_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT payoff_session_by_state CHECK ((state IN ('created', 'abandoned')) = (session_id IS NULL)),
    CONSTRAINT payoff_url_by_state CHECK (session_url IS NULL OR state = 'open'),
    CONSTRAINT payoff_payment_by_state CHECK ((state IN ('paid', 'disputed', 'lost', 'won')) = (payment_id IS NOT NULL)),
    CONSTRAINT payoff_paid_by_state CHECK ((payment_id IS NULL) = (paid_at IS NULL)),
    CONSTRAINT payoff_dispute_by_state CHECK (
        (state IN ('disputed', 'lost', 'won')) = (dispute_id IS NOT NULL) AND (dispute_id IS NULL) = (disputed_minor IS NULL))
);
-- One at a time: two tabs cannot both be paid for the same trips.
CREATE UNIQUE INDEX payoff_live_once ON payoff (shopper_id) WHERE state IN ('created', 'open');
CREATE INDEX payoff_by_shopper ON payoff (shopper_id, created_at);
CREATE INDEX payoff_by_time ON payoff (created_at);

-- Which debts it pays, each whole as it was then; and what became of each part once it is paid.
CREATE TABLE payoff_allocation (
    payoff_id uuid NOT NULL CONSTRAINT payoff_allocation_payoff REFERENCES payoff,
    debt_id uuid NOT NULL CONSTRAINT payoff_allocation_debt REFERENCES debt,
    trip_id text NOT NULL CONSTRAINT payoff_allocation_trip REFERENCES trip,
    amount_minor bigint NOT NULL CONSTRAINT payoff_allocation_amount CHECK (amount_minor > 0),
    settled_minor bigint NOT NULL DEFAULT 0 CONSTRAINT payoff_allocation_settled CHECK (settled_minor >= 0),
    surplus_minor bigint NOT NULL DEFAULT 0 CONSTRAINT payoff_allocation_surplus CHECK (surplus_minor >= 0),
    charged_back_minor bigint NOT NULL DEFAULT 0 CONSTRAINT payoff_allocation_charged_back CHECK (charged_back_minor >= 0),
    lost_minor bigint NOT NULL DEFAULT 0 CONSTRAINT payoff_allocation_lost CHECK (lost_minor BETWEEN 0 AND charged_back_minor),
    CONSTRAINT payoff_allocation_pk PRIMARY KEY (payoff_id, trip_id),
    CONSTRAINT payoff_allocation_whole CHECK (settled_minor + surplus_minor + charged_back_minor IN (0, amount_minor))
);
CREATE INDEX payoff_allocation_by_debt ON payoff_allocation (debt_id);

-- What Stripe told by webhook: one row an event, committed before Stripe is answered. Only what is needed of it is kept: names of
-- things at Stripe, amounts and states; no name, address or card.
CREATE TABLE stripe_event (
    event_id text CONSTRAINT stripe_event_pk PRIMARY KEY CONSTRAINT stripe_event_id_length CHECK (length(event_id) BETWEEN 1 AND 255),
    kind text NOT NULL CONSTRAINT stripe_event_kind_length CHECK (length(kind) BETWEEN 1 AND 100),
    payoff_id uuid,
    payment_id text,
    -- The payload: domain words of what the event says.
    told jsonb NOT NULL,
    state text NOT NULL CONSTRAINT stripe_event_state CHECK (state IN ('waiting', 'parked', 'applied', 'ignored')),
    received_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT stripe_event_end_by_state CHECK ((state IN ('applied', 'ignored')) = (ended_at IS NOT NULL))
);
CREATE INDEX stripe_event_open ON stripe_event (received_at) WHERE state IN ('waiting', 'parked');

ALTER TABLE debt_event
    DROP CONSTRAINT debt_event_kind,
    ADD CONSTRAINT debt_event_kind CHECK (kind IN (
        'incurred', 'increased', 'assigned', 'paid', 'payment_reversed', 'charged_back', 'charge_restored', 'recovered',
        'recovery_reversed', 'credited', 'written_off', 'reopened', 'cleared', 'confirmed', 'feedback_accepted', 'entry_denied'));
