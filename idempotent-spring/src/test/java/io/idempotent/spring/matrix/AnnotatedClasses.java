package io.idempotent.spring.matrix;

import io.idempotent.spring.annotation.Idempotent;
import jakarta.validation.Valid;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.scheduling.annotation.Async;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.validation.annotation.Validated;

/** Services that are annotated on their classes. */
final class AnnotatedClasses {

    private AnnotatedClasses() {}

    static class Alone {

        private final Bank bank;

        Alone(Bank bank) {
            this.bank = bank;
        }

        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    static class Transacted {

        private final Bank bank;

        Transacted(Bank bank) {
            this.bank = bank;
        }

        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        @Transactional
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    static class Cached {

        private final Bank bank;

        Cached(Bank bank) {
            this.bank = bank;
        }

        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        @Cacheable(cacheNames = "receipts", key = "#request.id")
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    static class Asynchronous {

        private final Bank bank;

        Asynchronous(Bank bank) {
            this.bank = bank;
        }

        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        @Async
        public void order(PaymentRequest request) {
            bank.charge(request);
        }
    }

    static class Retried {

        private final Bank bank;

        Retried(Bank bank) {
            this.bank = bank;
        }

        @Idempotent(key = "#request.id")
        @Retryable(maxRetries = 3, delay = 1)
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    @Validated
    static class Validating {

        private final Bank bank;

        Validating(Bank bank) {
            this.bank = bank;
        }

        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        public Receipt pay(@Valid PaymentRequest request) {
            return bank.charge(request);
        }
    }
}
