package io.idempotent.sample.alert;

import com.fasterxml.jackson.annotation.JsonPropertyOrder;
import jakarta.validation.Valid;
import java.time.Instant;
import java.util.List;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RequestMapping;
import org.springframework.web.bind.annotation.ResponseStatus;
import org.springframework.web.bind.annotation.RestController;

/** Delivers evaluations more often than once, and tells what came of them. */
@RestController
@RequestMapping(path = "/alerts", produces = MediaType.APPLICATION_JSON_VALUE)
class AlertController {

    private static final int DELIVERIES = 3;

    private final EvaluationSender evaluations;

    private final AlertCounts counts;

    AlertController(EvaluationSender evaluations, AlertCounts counts) {
        this.evaluations = evaluations;
        this.counts = counts;
    }

    @PostMapping("/evaluations")
    @ResponseStatus(HttpStatus.ACCEPTED)
    Delivered deliver(@Valid @RequestBody Evaluation evaluation) {
        for (int delivery = 0; delivery < DELIVERIES; delivery++) {
            evaluations.send(evaluation);
        }
        return new Delivered(evaluation.ruleId(), evaluation.evaluatedAt(), DELIVERIES);
    }

    @GetMapping
    List<AlertCount> list() {
        return counts.all();
    }

    /**
     * What was sent.
     *
     * @param ruleId the rule
     * @param evaluatedAt the time that it was evaluated for
     * @param deliveries how often its evaluation was sent
     */
    @JsonPropertyOrder({"ruleId", "evaluatedAt", "deliveries"})
    record Delivered(String ruleId, Instant evaluatedAt, int deliveries) {}
}
