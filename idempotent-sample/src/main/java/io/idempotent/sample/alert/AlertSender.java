package io.idempotent.sample.alert;

/** Sends alerts to the {@link Pager}. */
interface AlertSender {

    /** Returns when the alert is sent. */
    void send(Alert alert);
}
