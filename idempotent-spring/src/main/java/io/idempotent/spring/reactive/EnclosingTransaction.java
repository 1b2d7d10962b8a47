package io.idempotent.spring.reactive;

import org.springframework.transaction.NoTransactionException;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import org.springframework.util.ClassUtils;
import reactor.core.publisher.Mono;

/** The reactive transaction that a call is made in, which a record cannot follow. */
final class EnclosingTransaction {

    private static final boolean POSSIBLE = ClassUtils.isPresent(
            "org.springframework.transaction.reactive.TransactionSynchronizationManager",
            EnclosingTransaction.class.getClassLoader());

    private EnclosingTransaction() {}

    /** Completes if the subscriber is in no reactive transaction, and fails if it is. */
    static Mono<Void> refuse() {
        return POSSIBLE ? Transactions.refuse() : Mono.empty();
    }

    /** Loaded only where Spring's transactions are there. */
    private static final class Transactions {

        static Mono<Void> refuse() {
            return TransactionSynchronizationManager.forCurrentTransaction()
                    .filter(TransactionSynchronizationManager::isActualTransactionActive)
                    .onErrorComplete(NoTransactionException.class)
                    .flatMap(active -> Mono.error(new IllegalStateException(
                            "An idempotent method that ends later was called in a reactive transaction, and was not"
                                    + " run: its record would stay if the transaction is rolled back. Call it outside"
                                    + " of the transaction, or after its commit")));
        }
    }
}
