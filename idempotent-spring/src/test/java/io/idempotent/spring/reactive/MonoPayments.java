package io.idempotent.spring.reactive;

import io.idempotent.Reconciliation;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.operation.WhenCancelled;
import java.util.concurrent.CompletableFuture;
import reactor.core.publisher.Mono;

/** The operations, by Reactor. */
class MonoPayments {

    private final Script script;

    MonoPayments(Script script) {
        this.script = script;
    }

    @Idempotent(key = "#id")
    public Mono<Receipt> pay(String id) {
        return run(id);
    }

    @Idempotent(key = "#id")
    public Mono<Void> nothing(String id) {
        return run(id).then();
    }

    @Idempotent(key = "#id")
    public Mono<String> maybe(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", waitAtMost = "20s")
    public Mono<Receipt> waiting(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", recordFailures = Declined.class)
    public Mono<Receipt> declined(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", unknownOn = Uncertain.class, whenAbandoned = WhenAbandoned.REFUSE)
    public Mono<Receipt> uncertain(String id) {
        return run(id);
    }

    @Idempotent(
            key = "#id",
            unknownOn = Uncertain.class,
            whenAbandoned = WhenAbandoned.RECONCILE,
            reconcileWith = "find")
    public Mono<Receipt> reconciled(String id) {
        return run(id);
    }

    Reconciliation<Receipt> find(String id) {
        return Reconciliation.completed(new Receipt("found " + id, 7));
    }

    @Idempotent(key = "#id", unless = "#result.amount() == 0")
    public Mono<Receipt> unless(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", whenCancelled = WhenCancelled.GO_ON)
    public Mono<Receipt> goesOn(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms", excludes = Declined.class))
    public Mono<Receipt> retried(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", lease = "300ms")
    public Mono<Receipt> brief(String id) {
        return run(id);
    }

    @Idempotent(key = "#order.id")
    public Mono<Receipt> order(Order order) {
        return run(order.getId());
    }

    @Idempotent(key = "#id")
    public Mono<Receipt> breaks(String id) {
        throw script.broken(id);
    }

    @Idempotent(key = "#id")
    public Mono<Receipt> returnsNull(String id) {
        return null;
    }

    // The script gives what the method declares.
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private <T> Mono<T> run(String id) {
        return ReactiveIdempotencyContext.current()
                .flatMap(context -> Mono.fromFuture(() -> (CompletableFuture<T>) script.begin(id, context)));
    }
}
