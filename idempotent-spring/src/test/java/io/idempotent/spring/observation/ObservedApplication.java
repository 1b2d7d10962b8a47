package io.idempotent.spring.observation;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyStoreException;
import io.idempotent.Outcome;
import io.idempotent.Reconciliation;
import io.idempotent.RecordedOutcome;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.Reconciler;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.operation.WhenStoreFails;
import io.idempotent.spring.web.IdempotentEndpoint;
import io.idempotent.spring.web.RecordedResponse;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.http.HttpStatus;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RequestBody;
import org.springframework.web.bind.annotation.RestController;
import org.springframework.web.server.ResponseStatusException;

/** An application whose calls can end in every way that there is. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({
    ObservedApplication.Work.class,
    ObservedApplication.Payments.class,
    ObservedApplication.Endpoints.class,
    ObservedApplication.Waits.class,
    ObservedApplication.Findings.class
})
class ObservedApplication {

    @Bean
    static MemoryStore memoryIdempotencyStore() {
        return new MemoryStore(CaffeineIdempotencyStore.create());
    }

    /** A store that fails when it is told to, and remembers the last claim. */
    static final class MemoryStore extends ForwardingIdempotencyStore {

        private volatile boolean failing;
        private volatile @Nullable Claim last;

        MemoryStore(IdempotencyStore delegate) {
            super(delegate);
        }

        void failing(boolean fails) {
            failing = fails;
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            if (failing) {
                throw new IdempotencyStoreException("It is gone", request.key(), new IOException("gone"), false);
            }
            ClaimResult result = super.claim(request);
            if (result instanceof ClaimResult.Claimed claimed) {
                last = claimed.claim();
            }
            return result;
        }

        /** Has another owner take the last claim over. */
        void stealLastClaim() {
            Claim stolen = last;
            abandon(stolen);
            claimFor(this, stolen.key());
        }
    }

    /** Claims a key as another node does. */
    static Claim claimFor(IdempotencyStore store, IdempotencyKey key) {
        ClaimRequest request =
                new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), Duration.ofMinutes(1), true);
        return ((ClaimResult.Claimed) store.claim(request)).claim();
    }

    /** What the operations do. */
    static class Work {

        private volatile Callable<String> work = () -> "done";

        void does(Callable<String> next) {
            work = next;
        }

        String run() {
            try {
                return work.call();
            } catch (RuntimeException | Error failure) {
                throw failure;
            } catch (IOException failure) {
                throw new UncheckedIOException(failure);
            } catch (Exception failure) {
                throw new IllegalStateException(failure);
            }
        }
    }

    /** Says when a call begins to wait. */
    static final class Waits implements IdempotencyListener {

        final Semaphore begun = new Semaphore(0);

        @Override
        public void waiting(IdempotencyKey key) {
            begun.release();
        }
    }

    /** Finds out that all was done. */
    static final class Findings implements Reconciler {

        @Override
        public boolean supports(String operation) {
            return true;
        }

        @Override
        public Reconciliation<?> reconcile(IdempotencyContext context, @Nullable Object[] arguments) {
            return Reconciliation.completed(
                    context.key().operation().startsWith("endpoint")
                            ? new RecordedResponse(200, List.of(), "found".getBytes(StandardCharsets.UTF_8))
                            : "found");
        }
    }

    /** A failure that operations record. */
    static final class Declined extends RuntimeException {

        private static final long serialVersionUID = 1;

        Declined(String message) {
            super(message);
        }
    }

    /** Methods of every kind. */
    static class Payments {

        private final Work work;

        Payments(Work work) {
            this.work = work;
        }

        @Idempotent(key = "#key", operation = "pay", waitAtMost = "30s", recordFailures = Declined.class)
        public String pay(String key, int amount) {
            return work.run();
        }

        @Idempotent(key = "#key", operation = "pay", recordFailures = Declined.class)
        public String payAtOnce(String key, int amount) {
            return work.run();
        }

        @Idempotent(
                key = "#key",
                operation = "pay-retried",
                recordFailures = Declined.class,
                retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public String payRetried(String key) {
            return work.run();
        }

        @Idempotent(
                key = "#key",
                operation = "pay-within-budget",
                retry =
                        @Idempotent.Retry(
                                maxRetries = 2,
                                delay = "1ms",
                                budget = @Idempotent.Budget(tokens = 1, perSuccess = 1)))
        public String payWithinBudget(String key) {
            return work.run();
        }

        @Idempotent(
                key = "#key",
                operation = "pay-refusing",
                unknownOn = UncheckedIOException.class,
                whenAbandoned = WhenAbandoned.REFUSE)
        public String payRefusing(String key) {
            return work.run();
        }

        @Idempotent(key = "#key", operation = "pay-reconciling", whenAbandoned = WhenAbandoned.RECONCILE)
        public String payReconciling(String key) {
            return work.run();
        }

        @Idempotent(key = "#key", operation = "pay-anyhow", whenStoreFails = WhenStoreFails.RUN)
        public String payAnyhow(String key) {
            return work.run();
        }

        @Transactional
        @Idempotent(key = "#key", operation = "pay-in-transaction")
        public String payInTransaction(String key) {
            return work.run();
        }

        @Idempotent(
                key = "#key",
                operation = "pay-atomically",
                store = "jdbc",
                atomic = true,
                waitAtMost = "30s",
                recordFailures = Declined.class)
        public String payAtomically(String key, int amount) {
            return work.run();
        }

        @Idempotent(
                key = "#key",
                operation = "pay-atomically",
                store = "jdbc",
                atomic = true,
                recordFailures = Declined.class)
        public String payAtomicallyAtOnce(String key, int amount) {
            return work.run();
        }

        @Idempotent(
                key = "#key",
                operation = "pay-atomically-retried",
                store = "jdbc",
                atomic = true,
                retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"))
        public String payAtomicallyRetried(String key) {
            return work.run();
        }
    }

    /** Endpoints of every kind. */
    @RestController
    static class Endpoints {

        private final Work work;

        Endpoints(Work work) {
            this.work = work;
        }

        private String answer() {
            try {
                return work.run();
            } catch (Declined busy) {
                throw new ResponseStatusException(HttpStatus.SERVICE_UNAVAILABLE, "busy", busy);
            }
        }

        @PostMapping("/pay")
        @IdempotentEndpoint(operation = "endpoint", waitAtMost = "30s")
        String pay(@RequestBody String body) {
            return answer();
        }

        @PostMapping("/at-once")
        @IdempotentEndpoint(operation = "endpoint-at-once")
        String payAtOnce(@RequestBody String body) {
            return answer();
        }

        @PostMapping("/refusing")
        @IdempotentEndpoint(operation = "endpoint-refusing", whenAbandoned = WhenAbandoned.REFUSE)
        String payRefusing(@RequestBody String body) {
            return answer();
        }

        @PostMapping("/reconciling")
        @IdempotentEndpoint(operation = "endpoint-reconciling", whenAbandoned = WhenAbandoned.RECONCILE)
        String payReconciling(@RequestBody String body) {
            return answer();
        }

        @PostMapping("/anyhow")
        @IdempotentEndpoint(operation = "endpoint-anyhow", whenStoreFails = WhenStoreFails.RUN)
        String payAnyhow(@RequestBody String body) {
            return answer();
        }

        @PostMapping("/optional")
        @IdempotentEndpoint(operation = "endpoint-optional", required = false)
        String payOptionally(@RequestBody String body) {
            return answer();
        }

        @PostMapping("/callable")
        @IdempotentEndpoint(operation = "endpoint-callable")
        Callable<String> payLater(@RequestBody String body) {
            return this::answer;
        }
    }

    /** Completes a key as another node does whose outcome cannot be encoded. */
    static void completeNotReplayable(IdempotencyStore store, IdempotencyKey key) {
        store.complete(claimFor(store, key), new RecordedOutcome.NotReplayable("too large"), Duration.ofHours(1));
    }

    /** Completes a key with a value as another node does. */
    static void complete(IdempotencyStore store, IdempotencyKey key, String value) {
        store.complete(
                claimFor(store, key), new RecordedOutcome.ByReference(new Outcome.Value(value)), Duration.ofHours(1));
    }
}
