package io.idempotent.spring.matrix;

import io.idempotent.spring.annotation.Idempotent;
import jakarta.validation.Valid;
import org.springframework.resilience.annotation.Retryable;
import org.springframework.validation.annotation.Validated;

/** The services that are annotated on their classes, behind interfaces that are not annotated. */
final class ServicesWithInterfaces {

    private ServicesWithInterfaces() {}

    static class Alone extends AnnotatedClasses.Alone implements Payments {

        Alone(Bank bank) {
            super(bank);
        }
    }

    static class Transacted extends AnnotatedClasses.Transacted implements Payments {

        Transacted(Bank bank) {
            super(bank);
        }
    }

    static class Cached extends AnnotatedClasses.Cached implements Payments {

        Cached(Bank bank) {
            super(bank);
        }
    }

    static class Asynchronous extends AnnotatedClasses.Asynchronous implements Orders {

        Asynchronous(Bank bank) {
            super(bank);
        }
    }

    // On the class, since Spring's retry does not see an annotation of the class's method behind a JDK proxy.
    @Retryable(maxRetries = 3, delay = 1)
    static class Retried extends AnnotatedClasses.Retried implements Payments {

        Retried(Bank bank) {
            super(bank);
        }
    }

    // The interface has the constraints: bean validation lets only one of the types that declare a method have them.
    @Validated
    static class Validating implements ValidPayments {

        private final Bank bank;

        Validating(Bank bank) {
            this.bank = bank;
        }

        @Override
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3, delay = "1ms"))
        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    interface ValidPayments {

        Receipt pay(@Valid PaymentRequest request);
    }
}
