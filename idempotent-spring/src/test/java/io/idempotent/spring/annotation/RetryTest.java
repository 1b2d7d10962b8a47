package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyException;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyException;
import io.idempotent.store.Claim;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RenewalResult;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import jakarta.validation.ConstraintViolationException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

class RetryTest {

    /** What the next attempts throw. */
    static class Script {
        private final Deque<Throwable> failures = new ArrayDeque<>();
        private int attempts;

        void willThrow(Throwable... throwables) {
            failures.addAll(Arrays.asList(throwables));
        }

        @SuppressWarnings("unchecked")
        private <T extends Throwable> String play() throws T {
            attempts++;
            assertThat(IdempotencyContext.current().attempt()).isEqualTo(attempts);
            Throwable failure = failures.poll();
            if (failure != null) {
                throw (T) failure;
            }
            return "after " + attempts;
        }
    }

    static class Service {
        private final Script script;

        Service(Script script) {
            this.script = script;
        }

        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                retry = @Idempotent.Retry(maxRetries = 3, delay = "0s"))
        public String all() throws IOException, InterruptedException {
            return script.play();
        }

        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                recordFailures = IllegalArgumentException.class,
                retry = @Idempotent.Retry(maxRetries = 3, delay = "0s"))
        public String recording() {
            return script.play();
        }

        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                retry =
                        @Idempotent.Retry(
                                maxRetries = 3,
                                delay = "0s",
                                includes = IOException.class,
                                excludes = FileNotFoundException.class))
        public String some() throws IOException {
            return script.play();
        }

        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                retry = @Idempotent.Retry(maxRetries = 3, delay = "15m"))
        public String interrupted() {
            Thread.currentThread().interrupt();
            return script.play();
        }

        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                retry = @Idempotent.Retry(maxRetries = 3, delay = "1h", timeout = "1m"))
        public String timed() {
            return script.play();
        }

        @Idempotent(
                key = "T(io.idempotent.spring.Keys).only()",
                lease = "30ms",
                retry = @Idempotent.Retry(maxRetries = 3, delay = "0s"))
        public String losing() {
            while (!IdempotencyContext.current().leaseLost()) {
                Thread.onSpinWait();
            }
            return script.play();
        }

        @Idempotent(key = "T(io.idempotent.spring.Keys).only()")
        public String once() {
            return script.play();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    private final AnnotationConfigApplicationContext context =
            new AnnotationConfigApplicationContext(Enabled.class, Script.class, Service.class);

    private final Service service = context.getBean(Service.class);
    private final Script script = context.getBean(Script.class);

    @AfterEach
    void close() {
        context.close();
    }

    @Test
    void attemptsAgainWithinOneClaimUntilItSucceeds() throws Exception {
        script.willThrow(new IOException("1"), new IllegalStateException("2"));
        assertThat(service.all()).isEqualTo("after 3");
        assertThat(service.all()).isEqualTo("after 3");
        assertThat(script.attempts).isEqualTo(3);
    }

    @Test
    void givesTheLastFailureWithTheEarlierOnesSuppressed() {
        Throwable[] failures = {
            new IOException("1"), new IllegalStateException("2"), new IOException("3"), new IOException("4")
        };
        script.willThrow(failures);
        Throwable thrown = catchThrowable(service::all);
        assertThat(thrown).isSameAs(failures[3]);
        assertThat(thrown.getSuppressed()).containsExactly(failures[0], failures[1], failures[2]);
        assertThat(script.attempts).isEqualTo(4);
    }

    @Test
    void releasesTheKeyWhenAllAttemptsFailed() throws Exception {
        script.willThrow(new IOException("1"), new IOException("2"), new IOException("3"), new IOException("4"));
        assertThatExceptionOfType(IOException.class).isThrownBy(service::all);
        script.attempts = 0;
        assertThat(service.all()).isEqualTo("after 1");
    }

    @Test
    void oneFailureThrownAgainAndAgainDoesNotSuppressItself() {
        IOException same = new IOException("same");
        script.willThrow(same, same, same, same);
        assertThat(catchThrowable(service::all)).isSameAs(same);
        assertThat(same.getSuppressed()).isEmpty();
        assertThat(script.attempts).isEqualTo(4);
    }

    static Set<Supplier<Throwable>> neverRetried() {
        return Set.of(
                () -> new AssertionError("an error"),
                () -> new StackOverflowError("an error"),
                () -> new InterruptedException("stop"),
                () -> new IdempotencyKeyException("other", "nested"),
                () -> new ConstraintViolationException(Set.of()),
                () -> new ConstraintViolationException("a subclass", Set.of()) {
                    private static final long serialVersionUID = 1L;
                });
    }

    @ParameterizedTest
    @MethodSource
    void neverRetried(Supplier<Throwable> failure) {
        Throwable thrown = failure.get();
        script.willThrow(thrown);
        assertThat(catchThrowable(service::all)).isSameAs(thrown);
        assertThat(script.attempts).isOne();
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
        assertThat(context.getBean(IdempotencyStore.class).find(IdempotencyKey.of("service-all", "k")))
                .isNull();
    }

    @Test
    void stopsAtAFailureThatIsNeverRetried() {
        IOException first = new IOException("1");
        AssertionError last = new AssertionError("2");
        script.willThrow(first, last);
        Throwable thrown = catchThrowable(service::all);
        assertThat(thrown).isSameAs(last);
        assertThat(thrown.getSuppressed()).containsExactly(first);
        assertThat(script.attempts).isEqualTo(2);
    }

    @Test
    void neverRetriesAFailureThatIsRecordedAndReplaysIt() {
        NumberFormatException last = new NumberFormatException("2");
        script.willThrow(new IllegalStateException("1"), last);
        assertThat(catchThrowable(service::recording)).isSameAs(last);
        assertThat(catchThrowable(service::recording)).isSameAs(last);
        assertThat(script.attempts).isEqualTo(2);
    }

    @Test
    void retriesWhatIsIncludedAndNotExcluded() throws Exception {
        script.willThrow(new IOException("1"));
        assertThat(service.some()).isEqualTo("after 2");
    }

    @Test
    void doesNotRetryWhatIsExcluded() {
        FileNotFoundException excluded = new FileNotFoundException("1");
        script.willThrow(excluded);
        assertThat(catchThrowable(service::some)).isSameAs(excluded);
        assertThat(script.attempts).isOne();
    }

    @Test
    void doesNotRetryWhatIsNotIncluded() {
        IllegalStateException other = new IllegalStateException("1");
        script.willThrow(other);
        assertThat(catchThrowable(service::some)).isSameAs(other);
        assertThat(script.attempts).isOne();
    }

    @Test
    void anInterruptEndsThePauseWithTheFlagSetAndTheKeyReleased() {
        IllegalStateException failure = new IllegalStateException("1");
        script.willThrow(failure);
        Throwable thrown = catchThrowable(service::interrupted);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(thrown).isSameAs(failure);
        assertThat(script.attempts).isOne();
        assertThat(context.getBean(IdempotencyStore.class).find(IdempotencyKey.of("service-interrupted", "k")))
                .isNull();
    }

    @Test
    void doesNotBeginAPauseBeyondTheTimeout() {
        IllegalStateException failure = new IllegalStateException("1");
        script.willThrow(failure);
        assertThat(catchThrowable(service::timed)).isSameAs(failure);
        assertThat(script.attempts).isOne();
    }

    @Test
    void isOffUnlessConfigured() {
        IllegalStateException failure = new IllegalStateException("1");
        script.willThrow(failure);
        assertThat(catchThrowable(service::once)).isSameAs(failure);
        assertThat(script.attempts).isOne();
    }

    // a lease that is lost

    @Configuration(proxyBeanMethods = false)
    static class Unrenewable {
        @Bean
        IdempotencyStore store() {
            return new UnrenewableStore();
        }
    }

    /** Refuses every renewal, as it does for an owner that was taken over. */
    static class UnrenewableStore extends ForwardingIdempotencyStore {

        UnrenewableStore() {
            super(CaffeineIdempotencyStore.create());
        }

        @Override
        public RenewalResult renew(Collection<Claim> claims, Duration lease) {
            return RenewalResult.of(Set.of());
        }
    }

    @Test
    void beginsNoFurtherAttemptOnceTheLeaseIsLost() {
        try (AnnotationConfigApplicationContext losing =
                new AnnotationConfigApplicationContext(Enabled.class, Unrenewable.class, Script.class, Service.class)) {
            Script played = losing.getBean(Script.class);
            IllegalStateException failure = new IllegalStateException("1");
            played.willThrow(failure);
            Throwable thrown = catchThrowable(losing.getBean(Service.class)::losing);
            assertThat(thrown).isSameAs(failure).isNotInstanceOf(IdempotencyException.class);
            assertThat(played.attempts).isOne();
        }
    }
}
