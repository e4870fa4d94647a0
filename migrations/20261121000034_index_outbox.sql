-- What waits after a try that failed: pages ask whether mails are late.
CREATE INDEX outbox_tried ON outbox (kind) WHERE state = 'waiting' AND tries > 0;
