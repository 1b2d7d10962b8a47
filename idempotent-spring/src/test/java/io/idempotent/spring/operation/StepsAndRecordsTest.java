package io.idempotent.spring.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.idempotent.Fingerprint;
import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyOutcomeUnknownException;
import io.idempotent.Steps;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.engine.IdempotencyRecords;
import io.idempotent.engine.ManualResolution;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.test.FakeTicker;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordQuery;
import io.idempotent.store.RecordedStep;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;

/** The beans that applications inject: the steps of the current execution, and what people do with records. */
class StepsAndRecordsTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Infrastructure {}

    static class Orders {

        private final Steps steps;
        private final Inventory inventory;
        private final List<String> effects = new ArrayList<>();
        private boolean broken;

        Orders(Steps steps, Inventory inventory) {
            this.steps = steps;
            this.inventory = inventory;
        }

        @Idempotent(
                key = "#id",
                operation = "place",
                retry = @Idempotent.Retry(maxRetries = 1, delay = "1ms", includes = IllegalStateException.class))
        public String place(String id) throws IOException {
            String reserved = steps.run("reserve", () -> effect("reserve"));
            assertThat(steps.keyFor("charge"))
                    .isEqualTo(IdempotencyContext.current().keyFor("charge"));
            assertThat(steps.uuid("charge"))
                    .isEqualTo(IdempotencyContext.current().uuid("charge"));
            assertThat(steps.firstClaimedAt())
                    .isEqualTo(IdempotencyContext.current().firstClaimedAt());
            int attempt = IdempotencyContext.current().attempt();
            if (attempt == 1) {
                throw new IllegalStateException("attempt again");
            }
            if (broken) {
                throw new IOException("the power failed");
            }
            // An operation in a step has steps of its own, by the same names.
            String counted = steps.run("count", () -> inventory.count(id));
            return reserved + ", " + counted;
        }

        private String effect(String name) {
            effects.add(name);
            return name + " " + effects.size();
        }

        @Idempotent(key = "#id", operation = "refuse", whenAbandoned = WhenAbandoned.REFUSE)
        public String refuse(String id) {
            return effect("refuse");
        }

        @Idempotent(key = "#id", operation = "number")
        public int number(String id) {
            return 7;
        }

        @Idempotent(key = "#id", operation = "shared")
        public int sharedNumber(String id) {
            return 7;
        }

        @Idempotent(key = "#id", operation = "shared")
        public String sharedText(String id) {
            return "seven";
        }

        @Idempotent(key = "#id", operation = "nothing", whenAbandoned = WhenAbandoned.REFUSE)
        public void nothing(String id) {
            effect("nothing");
        }
    }

    static class Inventory {

        private final Steps steps;

        Inventory(Steps steps) {
            this.steps = steps;
        }

        @Idempotent(key = "#id", operation = "count")
        public String count(String id) {
            return steps.run(
                    "reserve",
                    () -> "counted " + IdempotencyContext.current().key().operation());
        }
    }

    private final AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
    private final FakeTicker ticker = new FakeTicker();
    private final CaffeineIdempotencyStore store =
            CaffeineIdempotencyStore.builder().ticker(ticker).build();
    private final List<ManualResolution> resolutions = new ArrayList<>();

    private Orders orders() {
        return context.getBean(Orders.class);
    }

    /** The bean behind its proxy. */
    private Orders target() {
        return (Orders) Objects.requireNonNull(AopProxyUtils.getSingletonTarget(orders()));
    }

    private IdempotencyRecords operations() {
        return context.getBean(IdempotencyRecords.class);
    }

    @BeforeEach
    void start() {
        context.register(Infrastructure.class, Orders.class, Inventory.class);
        context.registerBean(CaffeineIdempotencyStore.class, () -> store);
        context.registerBean(IdempotencyListener.class, () -> new IdempotencyListener() {
            @Override
            public void resolved(IdempotencyKey key, ManualResolution resolution) {
                resolutions.add(resolution);
            }
        });
        context.refresh();
    }

    @AfterEach
    void close() {
        context.close();
    }

    /** An owner that died, having recorded a step. */
    private IdempotencyRecord die(String operation, String id) {
        IdempotencyKey key = IdempotencyKey.of(operation, id);
        ClaimResult result = store.claim(
                new ClaimRequest(key, UUID.randomUUID(), Fingerprint.none(), Duration.ofSeconds(30), false));
        store.recordStep(((ClaimResult.Claimed) result).claim(), new RecordedStep("begun", null));
        ticker.advance(Duration.ofSeconds(30));
        return Objects.requireNonNull(operations().find(key));
    }

    @Test
    void theStepsBeanIsBoundToTheInnermostExecutionOfItsThread() throws Exception {
        assertThat(orders().place("4711")).isEqualTo("reserve 1, counted count");
        assertThat(orders().place("4712")).isEqualTo("reserve 2, counted count");
        assertThat(target().effects).containsExactly("reserve", "reserve");
    }

    @Test
    void aStepIsNotRunAgainByARetryNorByALaterCall() throws Exception {
        target().broken = true;
        assertThatExceptionOfType(IOException.class).isThrownBy(() -> orders().place("4711"));
        target().broken = false;

        assertThat(orders().place("4711")).isEqualTo("reserve 1, counted count");
        assertThat(target().effects).containsExactly("reserve");
    }

    @Test
    void thereAreNoStepsOutsideOfAnExecution() {
        assertThatIllegalStateException()
                .isThrownBy(() -> context.getBean(Steps.class).run("reserve", () -> "nobody"))
                .withMessageContaining("is not running an idempotent operation");
    }

    @Test
    void anAbandonedRecordIsCompletedByHandAndReplayed() {
        IdempotencyRecord dead = die("refuse", "4711");
        assertThatExceptionOfType(IdempotencyOutcomeUnknownException.class)
                .isThrownBy(() -> orders().refuse("4711"))
                .satisfies(refusal -> assertThat(refusal.fencingToken()).isEqualTo(dead.fencingToken()));
        assertThat(operations().list(RecordQuery.abandoned()))
                .extracting(IdempotencyRecord::key)
                .containsExactly(dead.key());
        assertThat(operations().findSteps(dead.key())).containsExactly(new RecordedStep("begun", null));

        assertThat(operations().complete(dead.key(), dead.fencingToken(), "found", "Ada", "seen at the gateway"))
                .isTrue();

        assertThat(orders().refuse("4711")).isEqualTo("found");
        assertThat(target().effects).isEmpty();
        assertThat(resolutions)
                .containsExactly(new ManualResolution(
                        ManualResolution.Act.COMPLETED, dead.fencingToken(), "Ada", "seen at the gateway"));
    }

    @Test
    void anOperationWithoutAResultIsCompletedByNull() {
        IdempotencyRecord dead = die("nothing", "4711");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> operations().complete(dead.key(), dead.fencingToken(), "done", "Ada", "seen"));
        assertThat(operations().complete(dead.key(), dead.fencingToken(), null, "Ada", "seen"))
                .isTrue();
        orders().nothing("4711");
        assertThat(target().effects).isEmpty();
    }

    @Test
    void anAbandonedRecordIsReleasedByHandAndItsOperationRuns() {
        IdempotencyRecord dead = die("refuse", "4711");

        assertThat(operations().release(dead.key(), dead.fencingToken(), "Ada", "not at the gateway"))
                .isTrue();

        assertThat(Objects.requireNonNull(operations().find(dead.key())).state())
                .isInstanceOf(IdempotencyRecord.Released.class);
        assertThat(orders().refuse("4711")).isEqualTo("refuse 1");
        assertThat(resolutions).extracting(ManualResolution::act).containsExactly(ManualResolution.Act.RELEASED);
    }

    @Test
    void aRecordIsForgottenByHand() {
        IdempotencyRecord dead = die("refuse", "4711");
        assertThat(operations().forget(dead.key(), dead.fencingToken(), "Ada", "a test"))
                .isTrue();
        assertThat(operations().find(dead.key())).isNull();
        assertThat(orders().refuse("4711")).isEqualTo("refuse 1");
        IdempotencyRecord completed = Objects.requireNonNull(operations().find(dead.key()));
        assertThat(operations().forget(dead.key(), completed.fencingToken(), "Ada", "again"))
                .isTrue();
        assertThat(orders().refuse("4711")).isEqualTo("refuse 2");
    }

    @Test
    void nothingIsDoneToARecordThatIsLiveOrNotTheOneThatWasSeen() {
        IdempotencyRecord dead = die("refuse", "4711");
        long token = dead.fencingToken();
        for (long other : List.of(token - 1, token + 1)) {
            assertThat(operations().complete(dead.key(), other, "found", "Ada", "why"))
                    .isFalse();
            assertThat(operations().release(dead.key(), other, "Ada", "why")).isFalse();
            assertThat(operations().forget(dead.key(), other, "Ada", "why")).isFalse();
        }
        ClaimResult.Claimed live =
                Objects.requireNonNull(store.takeOver(dead.key(), token, UUID.randomUUID(), Duration.ofSeconds(30)));
        long liveToken = live.claim().fencingToken();
        for (long seen : List.of(token, liveToken)) {
            assertThat(operations().complete(dead.key(), seen, "found", "Ada", "why"))
                    .isFalse();
            assertThat(operations().release(dead.key(), seen, "Ada", "why")).isFalse();
            assertThat(operations().forget(dead.key(), seen, "Ada", "why")).isFalse();
        }
        assertThat(resolutions).isEmpty();
        assertThat(store.abandon(live.claim())).isTrue();
    }

    @Test
    void aValueThatTheOperationCannotReturnIsRefusedAndNothingTouched() {
        IdempotencyRecord dead = die("number", "4711");
        for (@Nullable Object value : new @Nullable Object[] {"seven", null, 7L}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> operations().complete(dead.key(), dead.fencingToken(), value, "Ada", "why"))
                    .withMessageContaining("The operation 'number' returns int");
        }
        assertThat(Objects.requireNonNull(operations().find(dead.key())).fencingToken())
                .isEqualTo(dead.fencingToken());
        assertThat(operations().complete(dead.key(), dead.fencingToken(), 8, "Ada", "why"))
                .isTrue();
        assertThat(orders().number("4711")).isEqualTo(8);
    }

    @Test
    void aRecordOfSeveralMethodsWithDifferentTypesCanBeReleasedAndNotCompleted() {
        IdempotencyRecord dead = die("shared", "4711");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> operations().complete(dead.key(), dead.fencingToken(), "found", "Ada", "why"))
                .withMessageContaining("'shared' is declared several times, with 2 different types");
        assertThat(operations().forget(dead.key(), dead.fencingToken(), "Ada", "why"))
                .isTrue();
    }

    @Test
    void whoAndWhyHaveToBeSaid() {
        IdempotencyRecord dead = die("refuse", "4711");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> operations().release(dead.key(), dead.fencingToken(), " ", "why"));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> operations().forget(dead.key(), dead.fencingToken(), "Ada", ""));
        assertThat(store.find(dead.key())).isEqualTo(dead);
    }

    @Test
    void recordsOfAnOperationThatIsNotKnownHereCanBeReleasedAndForgottenAndNotCompleted() {
        IdempotencyRecord dead = die("renamed", "4711");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> operations().complete(dead.key(), dead.fencingToken(), "found", "Ada", "why"))
                .withMessageContaining("is not known here");
        assertThat(operations()
                        .list(RecordQuery.inProgress(Duration.ofSeconds(30)).ofOperation("renamed")))
                .hasSize(1);
        assertThat(operations().release(dead.key(), dead.fencingToken(), "Ada", "why"))
                .isTrue();
    }
}
