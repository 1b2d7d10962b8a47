package io.idempotent.spring.aot;

import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import io.idempotent.spring.annotation.Idempotent;
import jakarta.servlet.http.HttpSession;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.springframework.data.domain.Page;
import org.springframework.http.HttpEntity;
import org.springframework.samples.shop.Purchase;

/** Idempotent methods with types of every kind. */
class Hinted implements HintedInterface {

    /** A parameter that is no record. */
    static class Order {

        private final String id;

        Order(String id) {
            this.id = id;
        }

        public String getId() {
            return id;
        }

        public List<Item> getItems() {
            return List.of();
        }
    }

    record Item(String name) {}

    sealed interface Outcome permits Accepted, Refused {}

    record Accepted(Map<String, Detail> details) implements Outcome {}

    record Refused(String why) implements Outcome {}

    record Detail(int number) {}

    record OfInterface(String text) {}

    record Payload(String text) {}

    record Recorded(String id) {}

    /** A failure that is declared, and not recorded. */
    static class Interrupted extends IOException {

        private static final long serialVersionUID = 1L;
    }

    @Idempotent(
            key = "@keys.of(#order) + ${a.placeholder.that.the.build.does.not.know}",
            scope = "@'other.keys'.scope",
            recordFailures = Declined.class,
            reconcileWith = "ask")
    List<Outcome> run(Order order) throws Interrupted {
        return List.of();
    }

    public Reconciliation<List<Outcome>> ask(Order order, IdempotencyContext context) {
        return Reconciliation.notDone();
    }

    @Idempotent(key = "#order.id", recover = @Idempotent.Recover(arguments = "@recorded.of(#order)", loadWith = "load"))
    void recovered(Order order) {}

    Order load(Recorded recorded) {
        return new Order(recorded.id());
    }

    @Idempotent(key = "#entity.body.text")
    void envelope(HttpEntity<Payload> entity) {}

    @Idempotent(key = "#purchase.id")
    Page<Purchase> inAPackageNamedLikeTheFrameworks(Purchase purchase, HttpSession session) {
        return Page.empty();
    }

    @Override
    public OfInterface ofInterface(String id) {
        return new OfInterface(id);
    }
}
