package io.idempotent.spring.matrix;

import io.idempotent.spring.annotation.Idempotent;
import jakarta.validation.Valid;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.scheduling.annotation.Async;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.validation.annotation.Validated;

/** Services whose annotation is composed of ours. */
final class ComposedAnnotations {

    private ComposedAnnotations() {}

    static class Alone {

        private final Bank bank;

        Alone(Bank bank) {
            this.bank = bank;
        }

        @PayOnce
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    static class Transacted {

        private final Bank bank;

        Transacted(Bank bank) {
            this.bank = bank;
        }

        @PayOnce
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

        @PayOnce
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

        @PayOnce
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

        @PayOnce(retry = @Idempotent.Retry)
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

        @PayOnce
        public Receipt pay(@Valid PaymentRequest request) {
            return bank.charge(request);
        }
    }
}
