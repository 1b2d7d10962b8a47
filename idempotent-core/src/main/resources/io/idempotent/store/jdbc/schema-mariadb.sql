-- Idempotency records on MariaDB 10.6 and MySQL 8 and later. Times are microseconds since 1970, UTC; keys are text in UTF-8.
CREATE TABLE IF NOT EXISTS idempotency_record (
    record_key VARBINARY(1740) NOT NULL PRIMARY KEY,
    claim_id BINARY(16) NOT NULL,
    fencing_token BIGINT NOT NULL,
    first_token BIGINT NOT NULL,
    fingerprint VARCHAR(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
    first_claimed_at BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL,
    lease_ends_at BIGINT NOT NULL,
    takeovers INTEGER NOT NULL,
    trace_id VARCHAR(32) CHARACTER SET ascii,
    request LONGBLOB,
    outcome_kind VARCHAR(16) CHARACTER SET ascii,
    outcome LONGBLOB,
    completed_at BIGINT,
    retained_until BIGINT,
    KEY idempotency_record_purge (retained_until)
) ENGINE = InnoDB;
CREATE TABLE IF NOT EXISTS idempotency_record_step (
    record_key VARBINARY(1740) NOT NULL,
    first_token BIGINT NOT NULL,
    step_name VARBINARY(765) NOT NULL,
    outcome_kind VARCHAR(16) CHARACTER SET ascii,
    outcome LONGBLOB,
    PRIMARY KEY (record_key, step_name),
    FOREIGN KEY (record_key) REFERENCES idempotency_record (record_key) ON DELETE CASCADE
) ENGINE = InnoDB;
