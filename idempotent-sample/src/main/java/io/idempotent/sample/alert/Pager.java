package io.idempotent.sample.alert;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.stereotype.Component;

/** Pages somebody whenever it is asked to. */
@Component
class Pager {

    private static final Logger log = LoggerFactory.getLogger(Pager.class);

    private final AlertCounts counts;

    Pager(AlertCounts counts) {
        this.counts = counts;
    }

    void page(Alert alert) {
        counts.paged(alert.ruleId(), alert.evaluatedAt());
        log.info("Paged: {} is {} at {}", alert.ruleId(), alert.value(), alert.evaluatedAt());
    }
}
