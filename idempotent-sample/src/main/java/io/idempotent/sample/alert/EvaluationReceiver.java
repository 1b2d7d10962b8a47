package io.idempotent.sample.alert;

import org.springframework.stereotype.Component;

/** Raises an alert for each evaluation that arrives. */
@Component
class EvaluationReceiver {

    private final AlertService alerts;

    private final AlertCounts counts;

    EvaluationReceiver(AlertService alerts, AlertCounts counts) {
        this.alerts = alerts;
        this.counts = counts;
    }

    void receive(Evaluation evaluation) {
        counts.delivered(evaluation.ruleId(), evaluation.evaluatedAt());
        alerts.raise(evaluation.ruleId(), evaluation.evaluatedAt(), evaluation.value());
    }
}
