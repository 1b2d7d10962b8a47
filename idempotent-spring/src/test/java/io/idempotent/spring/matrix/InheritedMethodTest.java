package io.idempotent.spring.matrix;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A method that a class inherits from one that knows nothing of the annotated interface is protected all the same. */
class InheritedMethodTest {

    @ParameterizedTest
    @EnumSource(names = {"JDK_PROXY", "CGLIB"})
    void aMethodThatIsInheritedAndImplementsAnAnnotatedInterfaceIsProtected(Way way) {
        try (var context = way.start(OtherAdvice.class, Inheriting.class)) {
            AnnotatedPayments payments = context.getBean(AnnotatedPayments.class);
            PaymentRequest request = new PaymentRequest("4711", 100);

            assertThat(payments.pay(request)).isSameAs(payments.pay(request));
            if (payments instanceof Unannotated sameObject) {
                assertThat(sameObject.pay(request)).isSameAs(payments.pay(request));
            }
        }
    }

    static class Unannotated {

        private final Bank bank;

        Unannotated(Bank bank) {
            this.bank = bank;
        }

        public Receipt pay(PaymentRequest request) {
            return bank.charge(request);
        }
    }

    static class Inheriting extends Unannotated implements AnnotatedPayments {

        Inheriting(Bank bank) {
            super(bank);
        }
    }
}
