package io.idempotent.spring.recovery;

import static org.assertj.core.api.Assertions.assertThat;

import io.idempotent.IdempotencyKey;
import io.idempotent.Outcome;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.Verifier;
import io.idempotent.store.IdempotencyRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;

@ExtendWith(OutputCaptureExtension.class)
class VerificationTest {

    record Receipt(String id) {}

    static class DeclinedException extends RuntimeException {

        private static final long serialVersionUID = 1;
    }

    static class Payments {

        @Idempotent(key = "#id", operation = "pay", recordFailures = DeclinedException.class)
        public Receipt pay(String id) {
            if (id.startsWith("declined")) {
                throw new DeclinedException();
            }
            return new Receipt("receipt of " + id);
        }

        @Idempotent(key = "#id", operation = "notify")
        public void notifyCustomer(String id) {}
    }

    /** The bank, which knows of every payment but those that it lost. */
    static class Bank implements Verifier {

        private final List<String> asked = new ArrayList<>();

        @Override
        public boolean supports(String operation) {
            return operation.equals("pay");
        }

        @Override
        public @Nullable String verify(IdempotencyKey key, Outcome recorded) {
            asked.add(key.value() + " "
                    + (recorded instanceof Outcome.Value value
                            ? value.value()
                            : ((Outcome.Failure) recorded).cause().getClass().getSimpleName()));
            if (key.value().startsWith("broken")) {
                throw new IllegalStateException("the bank is closed");
            }
            return key.value().startsWith("lost") ? "the bank has no such payment" : null;
        }
    }

    private final RecoverableStore store = new RecoverableStore();

    private final Node node = new Node(store, Map.of(), context -> {
        context.registerBean(Payments.class);
        context.registerBean(Bank.class);
    });

    private final Payments payments = node.bean(Payments.class);

    private final Verification verification = node.bean(Verification.class);

    @AfterEach
    void close() {
        node.close();
    }

    private List<String> asked() {
        return node.bean(Bank.class).asked;
    }

    @Test
    void eachExecutionThatThisNodeCompletedIsVerifiedOnce() {
        payments.pay("a");
        payments.pay("a");
        payments.notifyCustomer("a");
        try {
            payments.pay("declined");
        } catch (DeclinedException expected) {
            assertThat(expected).isNotNull();
        }

        verification.run(() -> false);
        verification.run(() -> false);

        assertThat(asked()).containsExactly("a Receipt[id=receipt of a]", "declined DeclinedException");
        assertThat(node.told())
                .filteredOn(event -> event.startsWith("contradicted"))
                .isEmpty();
    }

    @Test
    void aDifferenceIsToldAndNothingIsChanged(CapturedOutput output) {
        payments.pay("lost");
        IdempotencyRecord before = Objects.requireNonNull(store.find(IdempotencyKey.of("pay", "lost")));

        verification.run(() -> false);

        assertThat(node.told()).contains("contradicted lost: the bank has no such payment");
        assertThat(output.getAll()).contains("'pay:lost'").contains("the bank has no such payment");
        assertThat(store.find(IdempotencyKey.of("pay", "lost"))).isEqualTo(before);
        assertThat(payments.pay("lost")).isEqualTo(new Receipt("receipt of lost"));
    }

    @Test
    void aVerifierThatFailsDoesNotKeepOthersFromBeingVerified(CapturedOutput output) {
        payments.pay("broken");
        payments.pay("b");

        verification.run(() -> false);

        assertThat(asked()).hasSize(2);
        assertThat(output.getAll()).contains("'pay:broken' could not be verified");
    }

    @Test
    void whatWasForgottenMeanwhileIsNotVerified() {
        payments.pay("a");
        long token = Objects.requireNonNull(store.find(IdempotencyKey.of("pay", "a")))
                .fencingToken();
        assertThat(node.bean(IdempotencyRecords.class)
                        .forget(IdempotencyKey.of("pay", "a"), token, "ada", "not needed"))
                .isTrue();

        verification.run(() -> false);

        assertThat(asked()).isEmpty();
    }

    @Test
    void soManyAreRememberedAndTheRestIsCountedAndSaidOnce(CapturedOutput output) {
        for (int number = 0; number < Verification.REMEMBERED + 7; number++) {
            payments.pay("" + number);
        }
        assertThat(verification.notRemembered()).isEqualTo(7);

        verification.run(() -> false);
        payments.pay("one more");
        verification.run(() -> false);

        assertThat(asked()).hasSize(Verification.REMEMBERED + 1);
        assertThat(output.getAll()).containsOnlyOnce("of which 7 are not verified");
    }

    @Test
    void aVerificationThatIsStoppedAsksNothingMore() {
        payments.pay("a");
        verification.run(() -> true);
        assertThat(asked()).isEmpty();
    }

    @Test
    void withoutAVerifierThereIsNoListener() {
        try (Node without = new Node(store)) {
            assertThat(without.beansOf(Verification.class)).isEmpty();
        }
    }
}
