package io.idempotent.spring.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyKey;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.observation.RecoveryMeters;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class RecoveryMetersTest {

    static class Payments {

        @Idempotent(key = "#id", operation = "transfer")
        public String transfer(String id) {
            return id;
        }
    }

    @Test
    void countsWhatWasFinishedWhatNeedsAPersonAndWhatIsContradicted() {
        SimpleMeterRegistry registry = new SimpleMeterRegistry();
        RecoverableStore store = new RecoverableStore();
        try (Node node = new Node(store, Map.of(), context -> {
            context.registerBean(RecoveryMeters.class, () -> new RecoveryMeters(registry));
            context.registerBean(Payments.class);
        })) {
            RecoveredOperation pay = node.operation("pay", asked -> asked);
            store.die("pay", "a");
            store.die("pay", "b");
            store.die("pay", "unreadable");

            node.sweep();
            node.sweep();
            node.bean(Payments.class).transfer("by its caller");
            pay.engine().contradict(IdempotencyKey.of("pay", "a"), "the bank has no such payment");

            assertThat(registry.getMeters().stream()
                            .collect(Collectors.toMap(
                                    meter -> meter.getId().getName() + " "
                                            + meter.getId().getTag("operation"),
                                    meter -> meter.measure().iterator().next().getValue())))
                    .containsExactlyInAnyOrderEntriesOf(Map.of(
                            "idempotent.recovery.completed pay", 2.0,
                            "idempotent.recovery.left.for.person pay", 1.0,
                            "idempotent.verification.contradicted pay", 1.0));
        }
    }
}
