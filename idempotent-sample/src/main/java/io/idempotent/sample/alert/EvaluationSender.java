package io.idempotent.sample.alert;

/** Sends evaluations to the {@link EvaluationReceiver}. */
interface EvaluationSender {

    /** Returns when the evaluation is sent. */
    void send(Evaluation evaluation);
}
