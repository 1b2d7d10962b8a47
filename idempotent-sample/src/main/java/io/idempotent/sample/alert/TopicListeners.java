package io.idempotent.sample.alert;

import io.idempotent.spring.annotation.Idempotent;
import org.springframework.context.annotation.Profile;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.messaging.Message;
import org.springframework.stereotype.Component;

/** Gets what comes by the topics, each record at least once. */
@Component
@Profile("kafka")
class TopicListeners {

    private final EvaluationReceiver receiver;

    private final Pager pager;

    TopicListeners(EvaluationReceiver receiver, Pager pager) {
        this.receiver = receiver;
        this.pager = pager;
    }

    @KafkaListener(topics = TopicsConfiguration.EVALUATIONS, groupId = "alerts")
    public void receive(Evaluation evaluation) {
        receiver.receive(evaluation);
    }

    /** Pages once per key that the alert bears, and so for all that one evaluation led to. */
    @KafkaListener(topics = TopicsConfiguration.ALERTS, groupId = "pager")
    @Idempotent(key = "@messageKeys.of(#delivered)", operation = "page")
    public void page(Message<Alert> delivered) {
        pager.page(delivered.getPayload());
    }
}
