package io.idempotent.sample.alert;

import io.idempotent.spring.annotation.Idempotent;
import java.math.BigDecimal;
import java.time.Instant;
import org.springframework.stereotype.Service;

/** Raises an alert once per rule and time, however often the evaluation is delivered. */
@Service
class AlertService {

    private final AlertSender sender;

    AlertService(AlertSender sender) {
        this.sender = sender;
    }

    /** Sends an alert downstream; a repetition of the evaluation gets the alert of the first time. */
    @Idempotent(key = "{#ruleId, #evaluatedAt}")
    public Alert raise(String ruleId, Instant evaluatedAt, BigDecimal value) {
        Alert alert = new Alert(ruleId, evaluatedAt, value);
        sender.send(alert);
        return alert;
    }
}
