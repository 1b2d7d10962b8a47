package io.idempotent.spring.early;

import io.idempotent.IdempotencyContext;
import io.idempotent.spring.annotation.Idempotent;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A service that others need early. Counts over all applications of one test, since it says too what ran in one that
 * failed.
 */
class Credentials {

    static final Request REQUEST = new Request("database");

    static final AtomicInteger BODIES = new AtomicInteger();

    static final AtomicInteger BARE = new AtomicInteger();

    static void reset() {
        BODIES.set(0);
        BARE.set(0);
    }

    @Idempotent(key = "#request.id")
    Token issue(Request request) {
        return body();
    }

    static Token body() {
        BODIES.incrementAndGet();
        if (IdempotencyContext.currentOrNull() == null) {
            BARE.incrementAndGet();
        }
        return new Token(UUID.randomUUID());
    }

    /** Two calls that have to be one. */
    static void issueTwice(Credentials credentials) {
        Token first = credentials.issue(REQUEST);
        if (!credentials.issue(REQUEST).equals(first)) {
            throw new IllegalStateException("the duplicate got another token");
        }
    }
}
