package io.idempotent.spring.reactive;

import io.idempotent.IdempotencyContext;
import io.idempotent.Reconciliation;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenAbandoned;
import io.idempotent.spring.operation.WhenCancelled;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/** The operations, by the JDK's futures. */
class FuturePayments {

    private final Script script;

    FuturePayments(Script script) {
        this.script = script;
    }

    @Idempotent(key = "#id")
    public CompletableFuture<Receipt> pay(String id) {
        return run(id);
    }

    @Idempotent(key = "#id")
    public CompletableFuture<Void> nothing(String id) {
        return run(id).thenApply(receipt -> null);
    }

    @Idempotent(key = "#id")
    public CompletionStage<String> maybe(String id) {
        return this.run(id);
    }

    @Idempotent(key = "#id", waitAtMost = "20s")
    public CompletionStage<Receipt> waiting(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", recordFailures = Declined.class)
    public CompletableFuture<Receipt> declined(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", unknownOn = Uncertain.class, whenAbandoned = WhenAbandoned.REFUSE)
    public CompletableFuture<Receipt> uncertain(String id) {
        return run(id);
    }

    @Idempotent(
            key = "#id",
            unknownOn = Uncertain.class,
            whenAbandoned = WhenAbandoned.RECONCILE,
            reconcileWith = "find")
    public CompletableFuture<Receipt> reconciled(String id) {
        return run(id);
    }

    Reconciliation<Receipt> find(String id) {
        return Reconciliation.completed(new Receipt("found " + id, 7));
    }

    @Idempotent(key = "#id", unless = "#result.amount() == 0")
    public CompletableFuture<Receipt> unless(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", whenCancelled = WhenCancelled.GO_ON)
    public CompletableFuture<Receipt> goesOn(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms", excludes = Declined.class))
    public CompletableFuture<Receipt> retried(String id) {
        return run(id);
    }

    @Idempotent(key = "#id", lease = "300ms")
    public CompletableFuture<Receipt> brief(String id) {
        return run(id);
    }

    @Idempotent(key = "#order.id")
    public CompletableFuture<Receipt> order(Order order) {
        return run(order.getId());
    }

    @Idempotent(key = "#id")
    public CompletableFuture<Receipt> breaks(String id) {
        throw script.broken(id);
    }

    @Idempotent(key = "#id")
    public CompletableFuture<Receipt> returnsNull(String id) {
        return null;
    }

    // The script gives what the method declares.
    @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
    private <T> CompletableFuture<T> run(String id) {
        return (CompletableFuture<T>) script.begin(id, IdempotencyContext.current());
    }
}
