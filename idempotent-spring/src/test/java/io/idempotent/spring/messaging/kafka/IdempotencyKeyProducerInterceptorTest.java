package io.idempotent.spring.messaging.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** How the interceptor goes beside those that a producer has. */
class IdempotencyKeyProducerInterceptorTest {

    private static final String OURS = IdempotencyKeyProducerInterceptor.class.getName();

    @Test
    void itComesAfterThoseThatAreNamedInAText() {
        assertThat(added("a.B, c.D")).containsExactly("a.B", "c.D", OURS);
    }

    @Test
    void itComesAfterThoseThatAreListed() {
        assertThat(added(List.of(String.class, "c.D"))).containsExactly(String.class, "c.D", OURS);
        assertThat(added(String.class)).containsExactly(String.class, OURS);
    }

    @Test
    void itComesOnce() {
        assertThat(added(OURS)).containsExactly(OURS);
        assertThat(added(List.of(IdempotencyKeyProducerInterceptor.class)))
                .containsExactly(IdempotencyKeyProducerInterceptor.class);
        assertThat(IdempotencyKeyProducerInterceptor.addedTo(Map.of())).containsExactly(OURS);
    }

    private static List<Object> added(Object before) {
        return IdempotencyKeyProducerInterceptor.addedTo(Map.of("interceptor.classes", before));
    }
}
