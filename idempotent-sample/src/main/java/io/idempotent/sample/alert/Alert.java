package io.idempotent.sample.alert;

import java.math.BigDecimal;
import java.time.Instant;

/**
 * What somebody is paged with.
 *
 * @param ruleId the rule that found it
 * @param evaluatedAt when
 * @param value what the rule found
 */
record Alert(String ruleId, Instant evaluatedAt, BigDecimal value) {}
