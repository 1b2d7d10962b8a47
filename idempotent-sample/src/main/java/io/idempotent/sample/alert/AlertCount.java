package io.idempotent.sample.alert;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import java.time.Instant;

/**
 * What there was of a rule at a time.
 *
 * @param ruleId the rule
 * @param evaluatedAt the time
 * @param deliveries how often its evaluation arrived
 * @param pages how often somebody was paged
 */
@JsonPropertyOrder({"ruleId", "evaluatedAt", "deliveries", "pages"})
record AlertCount(String ruleId, Instant evaluatedAt, int deliveries, int pages) {

    AlertCount plus(AlertCount other) {
        return new AlertCount(ruleId, evaluatedAt, deliveries + other.deliveries, pages + other.pages);
    }
}
