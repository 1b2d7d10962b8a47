package io.idempotent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class IdempotencyContextTest {

    private static final class Context extends IdempotencyContext {

        private final IdempotencyKey key;
        private final int attempt;

        Context(IdempotencyKey key, int attempt) {
            this.key = key;
            this.attempt = attempt;
        }

        @Override
        public IdempotencyKey key() {
            return key;
        }

        @Override
        public int attempt() {
            return attempt;
        }

        @Override
        public int takeovers() {
            return attempt;
        }

        @Override
        public Instant firstClaimedAt() {
            return Instant.EPOCH.plusSeconds(attempt);
        }

        @Override
        public long fencingToken() {
            return attempt;
        }

        @Override
        public Steps steps() {
            throw new IllegalStateException("without steps");
        }

        @Override
        public boolean leaseLost() {
            return false;
        }

        @Override
        public boolean recovered() {
            return false;
        }

        @Override
        public Duration remaining() {
            return Duration.ZERO;
        }
    }

    private static Context context(String scope, String value) {
        return new Context(new IdempotencyKey("payment-service-pay", scope, value), 1);
    }

    @Test
    void thereIsNoneWhereNoOperationRuns() {
        assertThat(IdempotencyContext.currentOrNull()).isNull();
        assertThatIllegalStateException()
                .isThrownBy(IdempotencyContext::current)
                .withMessage("This thread is not running an idempotent operation: the call was not intercepted (a bean"
                        + " that calls itself bypasses its proxy), the operation is disabled, or it runs on another"
                        + " thread");
    }

    @Test
    void whatIsBoundIsCurrentUntilWhatWasBeforeIsBoundAgain() {
        Context outer = context("", "1");
        Context inner = context("", "2");
        assertThat(IdempotencyContext.bind(outer)).isNull();
        assertThat(IdempotencyContext.current()).isSameAs(outer);
        assertThat(IdempotencyContext.bind(inner)).isSameAs(outer);
        assertThat(IdempotencyContext.current()).isSameAs(inner);
        assertThat(IdempotencyContext.bind(outer)).isSameAs(inner);
        assertThat(IdempotencyContext.bind(null)).isSameAs(outer);
        assertThat(IdempotencyContext.currentOrNull()).isNull();
    }

    // Computed outside this library by sha256sum over "1:<length of the key>:<key><name>". They must never change: what
    // was created under them would be created again.
    @Test
    void derivedIdentifiersAreTheSameInEveryVersionOfThisLibrary() {
        assertThat(context("", "4711").keyFor("charge"))
                .isEqualTo("5cf631c00f6cefffe760aa68094310c6b7ef4c3cd5118b1824fbfa64ad0f5bc4");
        assertThat(context("", "4711").uuid("charge")).hasToString("5cf631c0-0f6c-8fff-a760-aa68094310c6");
        assertThat(context("acme", "Ä:\uD83D\uDE00").keyFor(""))
                .isEqualTo("bd76d16cb67eb25626904e141399557269d3c28cb83947c89bde018e0c23c64e");
        assertThat(context("acme", "Ä:\uD83D\uDE00").uuid("")).hasToString("bd76d16c-b67e-8256-a690-4e1413995572");
    }

    @Test
    void derivedIdentifiersAreTheSameOnEveryAttemptAndForEveryOwner() {
        IdempotencyKey key = IdempotencyKey.of("payment-service-pay", "4711");
        Context first = new Context(key, 1);
        Context second = new Context(key, 2);
        assertThat(first.uuid("receipt")).isEqualTo(second.uuid("receipt"));
        assertThat(first.keyFor("receipt")).isEqualTo(second.keyFor("receipt"));
    }

    @Test
    void derivedIdentifiersAreOthersForEveryOtherKeyOrName() {
        Set<Object> derived = new HashSet<>();
        int made = 0;
        for (Context context : List.of(
                context("", "1"), context("", "12"), context("1", "1"), context("1", "12"), context("1:1", "2"))) {
            for (String name : List.of("", "1", "2", "12", "21", ":")) {
                derived.add(context.uuid(name));
                derived.add(context.keyFor(name));
                made += 2;
            }
        }
        assertThat(derived).hasSize(made);
    }

    @Test
    void aDerivedUuidIsOfVersion8AndTheVariantOfTheRfc() {
        for (int value = 0; value < 100; value++) {
            assertThat(context("", "k" + value).uuid("a")).satisfies(uuid -> {
                assertThat(uuid.version()).isEqualTo(8);
                assertThat(uuid.variant()).isEqualTo(2);
            });
        }
    }
}
