package io.idempotent.spring.observation;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

/** A program without Spring Boot, SLF4J, and the parts of Micrometer that Spring does not bring. */
final class PlainApplication {

    private PlainApplication() {}

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Infrastructure {}

    static class Payments {

        private int runs;

        @Idempotent(key = "#id", operation = "pay", retry = @Idempotent.Retry(maxRetries = 1, delay = "1ms"))
        public int pay(String id) {
            runs++;
            if (id.equals("bad") && runs == 1) {
                throw new IllegalStateException("no");
            }
            return runs;
        }
    }

    public static void main(String[] arguments) {
        System.setProperty("idempotent.observation.mdc", "true");
        try (AnnotationConfigApplicationContext context =
                new AnnotationConfigApplicationContext(Infrastructure.class, Payments.class)) {
            Payments payments = context.getBean(Payments.class);
            System.out.println("paid " + payments.pay("4711") + payments.pay("4711"));
        }
    }
}
