package io.idempotent.sample.alert;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.springframework.stereotype.Component;

/** Counts what arrives and what is sent. It is kept in memory, whatever the profile. */
@Component
class AlertCounts {

    private final Map<List<Object>, AlertCount> counts = new LinkedHashMap<>();

    void delivered(String ruleId, Instant evaluatedAt) {
        add(new AlertCount(ruleId, evaluatedAt, 1, 0));
    }

    void paged(String ruleId, Instant evaluatedAt) {
        add(new AlertCount(ruleId, evaluatedAt, 0, 1));
    }

    /** All of them, in the sequence in which they first arrived. */
    synchronized List<AlertCount> all() {
        return List.copyOf(counts.values());
    }

    private synchronized void add(AlertCount count) {
        counts.merge(List.of(count.ruleId(), count.evaluatedAt()), count, AlertCount::plus);
    }
}
