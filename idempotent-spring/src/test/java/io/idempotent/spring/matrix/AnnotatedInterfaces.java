package io.idempotent.spring.matrix;

import org.springframework.cache.annotation.Cacheable;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.scheduling.annotation.Async;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.validation.annotation.Validated;

/** Services whose interfaces carry the annotation. */
final class AnnotatedInterfaces {

    private AnnotatedInterfaces() {}

    static class Alone implements AnnotatedPayments {

        private final Bank bank;

        Alone(Bank bank) {
            this.bank = bank;
        }

        @Override
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    static class Transacted implements AnnotatedPayments {

        private final Bank bank;

        Transacted(Bank bank) {
            this.bank = bank;
        }

        @Override
        @Transactional
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    static class Cached implements AnnotatedPayments {

        private final Bank bank;

        Cached(Bank bank) {
            this.bank = bank;
        }

        @Override
        @Cacheable(cacheNames = "receipts", key = "#request.id")
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    static class Asynchronous implements AnnotatedOrders {

        private final Bank bank;

        Asynchronous(Bank bank) {
            this.bank = bank;
        }

        @Override
        @Async
        public void order(PaymentRequest request) {
            bank.charge(request);
        }
    }

    static class Retried implements RetriedPayments {

        private final Bank bank;

        Retried(Bank bank) {
            this.bank = bank;
        }

        @Override
        @Retryable(maxRetries = 3, delay = 1)
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    @Validated
    static class Validating implements AnnotatedPayments {

        private final Bank bank;

        Validating(Bank bank) {
            this.bank = bank;
        }

        @Override
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }
}
