package io.idempotent.spring.actuate;

import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.web.IdempotentEndpoint;
import java.math.BigDecimal;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.actuate.audit.AuditEvent;
import org.springframework.boot.actuate.audit.listener.AuditApplicationEvent;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Import;
import org.springframework.context.event.EventListener;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

/** An application with operations of every kind. */
@Configuration(proxyBeanMethods = false)
@EnableAutoConfiguration
@Import({Shop.Payments.class, Shop.Orders.class, Shop.Audit.class})
class Shop {

    /** What a payment returns. */
    record Receipt(String id, @Nullable BigDecimal amount) {}

    static class DeclinedException extends RuntimeException {

        private static final long serialVersionUID = 1;

        DeclinedException(String message) {
            super(message);
        }
    }

    static class Payments {

        @Idempotent(
                key = "#id",
                operation = "pay",
                retention = "2h",
                lease = "20s",
                recordFailures = DeclinedException.class,
                whenAbandoned = WhenAbandoned.REFUSE,
                retry =
                        @Idempotent.Retry(
                                maxRetries = 2,
                                delay = "10ms",
                                budget = @Idempotent.Budget(tokens = 50, name = "bank")))
        public Receipt pay(String id) {
            if (id.startsWith("declined")) {
                throw new DeclinedException("secret reason");
            }
            return new Receipt("secret receipt", BigDecimal.ONE);
        }

        @Idempotent(key = "{#from, #to}", operation = "transfer", scope = "#bank", fingerprint = "#from")
        public Map<String, List<Receipt>> transfer(String bank, String from, String to) {
            return Map.of(from, List.of(new Receipt(to, null)));
        }

        @Idempotent(key = "#id", operation = "notify", fingerprint = Idempotent.NONE)
        public void notifyCustomer(String id) {}
    }

    @RestController
    static class Orders {

        @PostMapping("/orders")
        @IdempotentEndpoint(operation = "order", scope = IdempotentEndpoint.Scope.SHARED)
        String order() {
            return "ordered";
        }
    }

    /** What is audited. */
    static class Audit {

        private final List<AuditEvent> events = new CopyOnWriteArrayList<>();

        @EventListener
        void hear(AuditApplicationEvent event) {
            if (event.getAuditEvent().getType().equals(IdempotencyEndpoint.AUDIT_TYPE)) {
                events.add(event.getAuditEvent());
            }
        }

        List<AuditEvent> events() {
            return events;
        }
    }
}
