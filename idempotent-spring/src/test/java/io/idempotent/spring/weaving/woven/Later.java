package io.idempotent.spring.weaving.woven;

import io.idempotent.spring.annotation.Idempotent;
import java.util.concurrent.CompletableFuture;
import reactor.core.publisher.Mono;

/** Methods that end later, around which another aspect stands too. */
public class Later {

    private final Counter counter;

    /** Counts here. */
    public Later(Counter counter) {
        this.counter = counter;
    }

    /** Ends at once. */
    @Idempotent(key = "#request.id")
    public CompletableFuture<Integer> future(Request request) {
        return CompletableFuture.completedFuture(counter.next());
    }

    /** May be attempted again after it has returned. */
    public static class Repeated {

        /** Ends at once. */
        @Idempotent(key = "#request.id", retry = @Idempotent.Retry(maxRetries = 3))
        public CompletableFuture<Integer> run(Request request) {
            return CompletableFuture.completedFuture(1);
        }
    }

    /** May run for more than one subscriber. */
    public static class Subscribed {

        /** Ends at once. */
        @Idempotent(key = "#request.id")
        public Mono<Integer> run(Request request) {
            return Mono.just(1);
        }
    }
}
