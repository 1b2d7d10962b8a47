package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.idempotent.FencedPayments;
import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.codec.JacksonOutcomeCodec;
import io.idempotent.engine.IdempotencyEngine;
import io.idempotent.engine.Operation;
import io.idempotent.server.NeedsServer;
import io.idempotent.server.Server;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** The statement by which a user's table refuses the writes of owners that were taken over. */
final class FencedWriteTest {

    private static final Operation<String> PAY =
            Operation.builder("pay", String.class).build();

    /** The same, of an owner whose lease is not renewed. */
    private static final Operation<String> PAY_SLOWLY = Operation.builder("pay", String.class)
            .lease(Duration.ofMillis(500))
            .maxRun(Duration.ofNanos(1))
            .build();

    @Test
    void onH2TheWriteOfAnOwnerThatWasTakenOverIsRefused() throws Exception {
        aLateOwnersWriteIsRefused(TestDatabase.H2);
    }

    @Test
    @NeedsServer(Server.POSTGRES_18)
    void onPostgresqlTheWriteOfAnOwnerThatWasTakenOverIsRefused() throws Exception {
        aLateOwnersWriteIsRefused(TestDatabase.POSTGRES_18);
    }

    private static void aLateOwnersWriteIsRefused(TestDatabase database) throws Exception {
        String id = UUID.randomUUID().toString();
        FencedPayments payments = new FencedPayments(database.pool()).create(id);
        try (JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(database.pool())
                        .schemaInitialization(SchemaInitialization.ALWAYS)
                        .build();
                IdempotencyEngine owner = engine(store);
                IdempotencyEngine successor = engine(store)) {
            IdempotencyKey key = PAY.key(id);
            // A first call takes long, and is not to lose a short lease over it.
            assertThat(owner.execute(PAY, "first " + id, Fingerprint.none(), () -> "a receipt"))
                    .isEqualTo("a receipt");

            String answer = owner.execute(PAY_SLOWLY, id, Fingerprint.none(), () -> {
                assertThat(payments.update(id, "begun")).isEqualTo(1);
                await().pollInterval(Duration.ofMillis(2))
                        .until(() -> store.find(key).isAbandoned());
                assertThat(onAnotherThread(() -> successor.execute(PAY, id, Fingerprint.none(), () -> {
                            assertThat(payments.update(id, "begun again")).isEqualTo(1);
                            assertThat(payments.update(id, "paid by the successor"))
                                    .isEqualTo(1);
                            return "the successor's receipt";
                        })))
                        .isEqualTo("the successor's receipt");

                assertThat(IdempotencyContext.current().leaseLost()).isTrue();
                assertThat(payments.update(id, "paid late")).isZero();
                return "a late receipt";
            });

            assertThat(answer).isEqualTo("the successor's receipt");
            assertThat(payments.status(id)).isEqualTo("paid by the successor");
        }
    }

    private static IdempotencyEngine engine(JdbcIdempotencyStore store) {
        return IdempotencyEngine.builder(store)
                .codec(JacksonOutcomeCodec.create())
                .build();
    }

    private static String onAnotherThread(Callable<String> call) throws Exception {
        FutureTask<String> task = new FutureTask<>(call);
        new Thread(task).start();
        return task.get(30, TimeUnit.SECONDS);
    }

    @Test
    void theDocumentationOfTheTokenShowsThisVeryStatement() throws IOException {
        Path source = Path.of("src", "main", "java", "io", "idempotent", "IdempotencyContext.java");

        String documentation = Files.readString(source).replaceAll("(?m)^ +\\* ?", "");
        assertThat(documentation).contains("<pre>{@code\n" + FencedPayments.UPDATE + "}</pre>");
    }
}
