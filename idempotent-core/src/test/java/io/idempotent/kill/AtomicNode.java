package io.idempotent.kill;

import io.idempotent.Fingerprint;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.store.TransactionalIdempotencyStore;
import io.idempotent.transaction.JdbcTransactions;
import java.time.Duration;

/**
 * Pays in the transaction in which the key is claimed and completed. Writes no journal of claims: there are no leases.
 */
public final class AtomicNode implements Node {

    // Long enough to meet a kill in every state of waiting, too.
    private static final Operation<String> PAY = Operation.builder("pay", String.class)
            .waitAtMost(Duration.ofMillis(500))
            .build();

    private final IdempotencyEngine engine;
    private final JdbcTransactions transactions;

    /** Makes a node whose records and payments are in the store's database. */
    public AtomicNode(TransactionalIdempotencyStore store) {
        this.engine = IdempotencyEngine.builder(store).codec(new ReceiptCodec()).build();
        this.transactions = new JdbcTransactions(store);
    }

    @Override
    public String pay(String key) throws Throwable {
        return engine.executeAtomically(
                PAY,
                PAY.key(key),
                Fingerprint.none(),
                transactions,
                execution -> Payments.insert(transactions.connection(), key, execution.fencingToken()));
    }

    @Override
    public void close() {
        engine.close();
    }
}
