package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.OnOneJdk;
import io.idempotent.spring.transaction.AtomicApplication.Caller;
import io.idempotent.spring.transaction.AtomicApplication.Kind;
import io.idempotent.spring.transaction.AtomicApplication.Payments;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Two nodes at once on one key, in transactions of their own of each isolation. */
@OnOneJdk("isolation is the database's, and AtomicTest runs on both")
class AtomicIsolationTest {

    private static final int KEYS = 30;

    enum Isolation {
        READ_COMMITTED {
            @Override
            String pay(Payments node, String id) {
                return node.payCommitted(id, 1);
            }
        },
        REPEATABLE_READ {
            @Override
            String pay(Payments node, String id) {
                return node.payRepeatably(id, 1);
            }
        },
        SERIALIZABLE {
            @Override
            String pay(Payments node, String id) {
                return node.paySerially(id, 1);
            }
        };

        abstract String pay(Payments node, String id);
    }

    static Stream<Arguments> cases() {
        return Kind.wanted()
                .flatMap(kind -> Stream.of(Isolation.values()).map(isolation -> Arguments.of(kind, isolation)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void ofTwoNodesOneRunsAndTheOtherReplays(Kind kind, Isolation isolation) throws Exception {
        try (AtomicApplication application = new AtomicApplication(kind)) {
            for (int number = 0; number < KEYS; number++) {
                String id = "order-" + number;
                CyclicBarrier together = new CyclicBarrier(2);
                List<Caller<String>> callers = new ArrayList<>();
                for (Payments node : List.of(application.payments, application.otherNode)) {
                    callers.add(application.elsewhere(() -> {
                        together.await(30, TimeUnit.SECONDS);
                        return isolation.pay(node, id);
                    }));
                }
                assertThat(callers.get(0).answer()).isEqualTo(callers.get(1).answer());
                assertThat(application.rows(id)).isEqualTo(1);
            }
            assertThat(application.payments.runs()).isEqualTo(KEYS);
            assertThat(application.events())
                    .containsOnly("claimed", "completed", "replayed")
                    .filteredOn("completed"::equals)
                    .hasSize(KEYS);
        }
    }
}
