-- Idempotency records on PostgreSQL 12 and later. Times are microseconds since 1970, UTC; keys are text in UTF-8.
CREATE TABLE IF NOT EXISTS idempotency_record (
    record_key BYTEA NOT NULL PRIMARY KEY,
    claim_id BYTEA NOT NULL,
    fencing_token BIGINT NOT NULL,
    first_token BIGINT NOT NULL,
    fingerprint VARCHAR(255),
    first_claimed_at BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL,
    lease_ends_at BIGINT NOT NULL,
    takeovers INTEGER NOT NULL,
    trace_id VARCHAR(32),
    request BYTEA,
    outcome_kind VARCHAR(16),
    outcome BYTEA,
    completed_at BIGINT,
    retained_until BIGINT
);
CREATE INDEX IF NOT EXISTS idempotency_record_purge ON idempotency_record (retained_until);
CREATE INDEX IF NOT EXISTS idempotency_record_open ON idempotency_record (record_key) WHERE retained_until IS NULL;
CREATE TABLE IF NOT EXISTS idempotency_record_step (
    record_key BYTEA NOT NULL,
    first_token BIGINT NOT NULL,
    step_name BYTEA NOT NULL,
    outcome_kind VARCHAR(16),
    outcome BYTEA,
    PRIMARY KEY (record_key, step_name),
    FOREIGN KEY (record_key) REFERENCES idempotency_record (record_key) ON DELETE CASCADE
);
