package io.idempotent.spring.messaging.sqs;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.messaging.ListenerKind;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

/** An application that has all that the tests have but Spring Cloud AWS and its SDK. */
public final class WithoutSqs {

    private WithoutSqs() {}

    /** Runs it, and tells what it did and how many kinds of listeners there are. */
    public static String run() {
        try (var context = new AnnotationConfigApplicationContext(Enabled.class, Payments.class)) {
            return context.getBean(Payments.class).pay("4711") + ", kinds: "
                    + context.getBeansOfType(ListenerKind.class).size();
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    static class Payments {

        @Idempotent(key = "#id")
        public String pay(String id) {
            return "paid";
        }
    }
}
