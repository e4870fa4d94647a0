-- What was sold and given back in the last day is counted whenever the numbers are asked for, from the rows themselves, so that no
-- restart or crash loses a count. Without these indexes each question would read everything that was ever sold.
CREATE INDEX purchase_by_time ON purchase (priced_at);
CREATE INDEX refund_by_time ON refund (requested_at);
