package io.idempotent.kill;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.store.IdempotencyStore;
import java.sql.Connection;
import java.time.Duration;
import javax.sql.DataSource;

/** Pays in a transaction of the payment's own, between the claim and the completion of a leased operation. */
public final class LeasedNode implements Node {

    /** How long a killed owner blocks its key. */
    public static final Duration LEASE = Duration.ofSeconds(2);

    private static final Operation<String> PAY =
            Operation.builder("pay", String.class).lease(LEASE).build();

    private final IdempotencyEngine engine;
    private final DataSource payments;

    /**
     * Makes a node.
     *
     * @param store where its records are
     * @param payments where the payments are; its connections commit by themselves
     * @param journal where it writes down what becomes of its claims
     */
    public LeasedNode(IdempotencyStore store, DataSource payments, Journal journal) {
        this.engine = IdempotencyEngine.builder(new JournalingStore(store, journal))
                .codec(new ReceiptCodec())
                .build();
        this.payments = payments;
    }

    @Override
    public String pay(String key) throws Exception {
        return engine.execute(PAY, key, Fingerprint.none(), () -> {
            try (Connection connection = payments.getConnection()) {
                return Payments.insert(
                        connection, key, IdempotencyContext.current().fencingToken());
            }
        });
    }

    @Override
    public void close() {
        engine.close();
    }
}
