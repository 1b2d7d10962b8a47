package io.idempotent.spring;

import io.idempotent.FencedPayments;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.kill.JdbcNodeFactory;
import io.idempotent.store.IdempotencyStore;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;

/**
 * The program that is stopped. For each of its keys a thread pays: it says that it runs, waits until it is told to go
 * on, by a line on its standard input, and says what became of it. It ends when its input does.
 */
final class SuspendedOwner {

    static final Operation<String> PAY = Operation.builder("pay", String.class)
            .lease(Duration.ofMillis(1_500))
            .build();

    private static final PrintStream OUTPUT = System.out;

    private final IdempotencyEngine engine;
    private final FencedPayments payments;
    private final CountDownLatch told = new CountDownLatch(1);

    private SuspendedOwner(IdempotencyEngine engine, FencedPayments payments) {
        this.engine = engine;
        this.payments = payments;
    }

    /** Takes the backend, the address of its store, the URL of the payments' database, and the keys. */
    public static void main(String[] arguments) throws Exception {
        System.setOut(System.err);
        DurableBackend backend = DurableBackend.valueOf(arguments[0]);
        SuspendedOwner owner = new SuspendedOwner(
                engine(backend.connect(arguments[1]).store()), new FencedPayments(JdbcNodeFactory.pool(arguments[2])));
        // A first call takes long, and is not to lose a short lease over it.
        Operation<String> first = Operation.builder("pay", String.class).build();
        var unused = owner.engine.execute(first, "first", Fingerprint.none(), () -> "receipt");
        for (int index = 3; index < arguments.length; index++) {
            String key = arguments[index];
            new Thread(() -> owner.pay(key), key).start();
        }
        owner.listen();
        Runtime.getRuntime().halt(0);
    }

    static IdempotencyEngine engine(IdempotencyStore store) {
        return IdempotencyEngine.builder(store)
                .codec(JacksonOutcomeCodec.create())
                .build();
    }

    private void listen() throws IOException {
        for (int said = System.in.read(); said >= 0; said = System.in.read()) {
            told.countDown();
        }
    }

    private void pay(String key) {
        try {
            say(
                    key,
                    "got "
                            + engine.execute(PAY, key, Fingerprint.none(), () -> {
                                say(key, "wrote " + payments.update(key, "begun by the owner"));
                                told.await();
                                say(
                                        key,
                                        "lease lost "
                                                + IdempotencyContext.current().leaseLost());
                                say(key, "wrote " + payments.update(key, "paid by the late owner"));
                                return "late receipt";
                            }));
        } catch (Exception failure) {
            say(key, "got " + failure.getClass().getSimpleName());
        }
    }

    private static void say(String key, String what) {
        OUTPUT.println(key + ": " + what);
    }
}
