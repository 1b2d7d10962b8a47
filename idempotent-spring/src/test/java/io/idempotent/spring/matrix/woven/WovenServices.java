package io.idempotent.spring.matrix.woven;

import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.matrix.Bank;
import io.idempotent.spring.matrix.PaymentRequest;
import io.idempotent.spring.matrix.Receipt;
import jakarta.validation.Valid;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.scheduling.annotation.Async;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.validation.annotation.Validated;

/** Services that the agent weaves. */
public final class WovenServices {

    private WovenServices() {}

    /** A service. */
    public static class Alone {

        private final Bank bank;

        /** Makes the service. */
        public Alone(Bank bank) {
            this.bank = bank;
        }

        /** Does its work. */
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    /** A service. */
    public static class Transacted {

        private final Bank bank;

        /** Makes the service. */
        public Transacted(Bank bank) {
            this.bank = bank;
        }

        /** Does its work. */
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        @Transactional
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    /** A service. */
    public static class TransactedOnce {

        private final Bank bank;

        /** Makes the service. */
        public TransactedOnce(Bank bank) {
            this.bank = bank;
        }

        /** Does its work. */
        @Idempotent(key = "#request.id")
        @Transactional
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    /** A service. */
    public static class Cached {

        private final Bank bank;

        /** Makes the service. */
        public Cached(Bank bank) {
            this.bank = bank;
        }

        /** Does its work. */
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        @Cacheable(cacheNames = "receipts", key = "#request.id")
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    /** A service. */
    public static class Asynchronous {

        private final Bank bank;

        /** Makes the service. */
        public Asynchronous(Bank bank) {
            this.bank = bank;
        }

        /** Does its work. */
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        @Async
        public void order(PaymentRequest request) {
            bank.charge(request);
        }
    }

    /** A service. */
    public static class Retried {

        private final Bank bank;

        /** Makes the service. */
        public Retried(Bank bank) {
            this.bank = bank;
        }

        /** Does its work. */
        @Idempotent(key = "#request.id")
        @Retryable(maxRetries = 3, delay = 1)
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    /** A service. */
    @Validated
    public static class Validating {

        private final Bank bank;

        /** Makes the service. */
        public Validating(Bank bank) {
            this.bank = bank;
        }

        /** Does its work. */
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        public Receipt pay(@Valid PaymentRequest request) {
            return bank.charge(request);
        }
    }
}
