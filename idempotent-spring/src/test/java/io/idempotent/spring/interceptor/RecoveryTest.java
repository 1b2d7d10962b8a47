package io.idempotent.spring.interceptor;

import static io.idempotent.spring.interceptor.RecoveringApplication.key;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.Reconciliation;
import io.idempotent.Steps;
import io.idempotent.spring.DurableBackend;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.Recovery;
import io.idempotent.spring.operation.Recovery.Result;
import io.idempotent.spring.operation.Recovery.UnreadableRequestException;
import io.idempotent.spring.operation.RecoveryContextCustomizer;
import io.idempotent.store.Claim;
import io.idempotent.store.IdempotencyRecord;
import io.idempotent.store.RecordedRequest;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.aopalliance.intercept.MethodInterceptor;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;
import org.springframework.aop.framework.AopProxyUtils;
import org.springframework.aop.support.DefaultPointcutAdvisor;
import org.springframework.aop.support.NameMatchMethodPointcut;
import org.springframework.beans.factory.config.BeanDefinition;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.context.i18n.LocaleContextHolder;
import org.springframework.context.support.SimpleThreadScope;
import org.springframework.core.Ordered;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.AbstractPlatformTransactionManager;
import org.springframework.transaction.support.DefaultTransactionStatus;
import org.springframework.transaction.support.TransactionTemplate;

/** What finishes without its caller what a crash cut off: the bean is called again with what was asked for. */
@ParameterizedClass(name = "{0}")
@MethodSource("io.idempotent.spring.DurableBackend#wanted")
@ExtendWith(OutputCaptureExtension.class)
class RecoveryTest {

    private static final Map<DurableBackend, RecoveringApplication> APPLICATIONS = new ConcurrentHashMap<>();

    private static final AtomicInteger KEYS = new AtomicInteger();

    private static final AtomicBoolean ANSWERED_OUTSIDE = new AtomicBoolean();

    record Line(String article, BigDecimal price) {}

    record Order(String id, List<Line> lines) {}

    record Receipt(String id, int run) {}

    static class Declined extends Exception {
        private static final long serialVersionUID = 1;

        Declined(String message) {
            super(message);
        }
    }

    /** A type whose subclasses nobody sees at startup. */
    static class Parcel {
        public String address = "";
    }

    static class Insured extends Parcel {
        public int value = 7;
    }

    interface Carrier {
        @Idempotent(key = "#id", operation = "carry", recover = @Idempotent.Recover(after = "1m"))
        String carry(String id);
    }

    static class Van implements Carrier {

        final List<String> carried = new CopyOnWriteArrayList<>();

        @Override
        public String carry(String id) {
            carried.add(id);
            return "carried " + id;
        }
    }

    /** One for each thread. */
    static class Desk {

        static final List<String> SERVED = new CopyOnWriteArrayList<>();

        @Idempotent(key = "#id", operation = "serve", recover = @Idempotent.Recover(after = "1m"))
        public String serve(String id) {
            SERVED.add(id);
            return "served " + id;
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class Scoped {

        @Bean
        @Scope(value = "desk", proxyMode = ScopedProxyMode.TARGET_CLASS)
        Desk desk() {
            return new Desk();
        }
    }

    static class Callers {

        private final ThreadLocal<@Nullable String> caller = new ThreadLocal<>();

        void call(String name, RecoveringApplication application, RecoveringApplication.Call call) {
            caller.set(name);
            try {
                application.cutOff(call);
            } finally {
                caller.remove();
            }
        }

        public String day() {
            return "monday";
        }

        public String current() {
            String current = caller.get();
            if (current == null) {
                throw new IllegalStateException("nobody calls");
            }
            return current;
        }
    }

    /** Does what the test says, and remembers what it was given. */
    static class Shop {

        final List<List<@Nullable Object>> runs = new CopyOnWriteArrayList<>();
        final List<IdempotencyContext> contexts = new CopyOnWriteArrayList<>();
        final List<String> loads = new CopyOnWriteArrayList<>();
        final List<List<@Nullable Object>> asked = new CopyOnWriteArrayList<>();
        volatile Work work = () -> {};

        private final Steps steps;
        private final Counter counter;

        Shop(Steps steps, Counter counter) {
            this.steps = steps;
            this.counter = counter;
        }

        interface Work {
            void run() throws Exception;
        }

        private int ran(@Nullable Object... arguments) {
            runs.add(Arrays.asList(arguments));
            contexts.add(IdempotencyContext.current());
            try {
                work.run();
            } catch (RuntimeException failure) {
                throw failure;
            } catch (Exception failure) {
                throw new IllegalStateException(failure);
            }
            return runs.size();
        }

        @Idempotent(
                key = "#order.id",
                operation = "place",
                waitAtMost = "20s",
                recover = @Idempotent.Recover(after = "1m"))
        public Receipt place(Order order) {
            return new Receipt(order.id(), ran(order));
        }

        @Idempotent(key = "#id", operation = "several", recover = @Idempotent.Recover(after = "PT2M", maxTakeovers = 2))
        public int several(
                String id, Map<String, List<Line>> lines, @Nullable String note, int count, @Nullable Locale locale) {
            return ran(id, lines, note, count, locale);
        }

        @Idempotent(key = "@callers.day()", operation = "nothing", recover = @Idempotent.Recover(after = "1m"))
        public void nothing() {
            ran();
        }

        @Idempotent(
                key = "#order.id",
                operation = "load",
                recover = @Idempotent.Recover(after = "1m", arguments = "#order.id", loadWith = "order"))
        public Receipt load(Order order) {
            return new Receipt(order.id(), ran(order));
        }

        // Called by its name.
        @SuppressWarnings("UnusedMethod")
        private @Nullable Order order(String id) throws IOException {
            loads.add(id);
            if (id.startsWith("broken")) {
                throw new IOException("the archive of " + id + " is closed");
            }
            return id.startsWith("gone") ? null : new Order(id, List.of());
        }

        @Idempotent(
                key = "#id",
                operation = "load-several",
                recover =
                        @Idempotent.Recover(after = "1m", arguments = "{#order.id, #note}", loadWith = "orderAndNote"))
        public int loadSeveral(String id, Order order, @Nullable String note) {
            return ran(id, order, note);
        }

        static Object[] orderAndNote(List<@Nullable String> recorded) {
            String id = Objects.requireNonNull(recorded.get(0));
            return new @Nullable Object[] {id, new Order(id, List.of()), recorded.get(1)};
        }

        @Idempotent(
                key = "#id",
                operation = "scoped",
                scope = "@callers.current()",
                fingerprint = "@callers.current()",
                recover = @Idempotent.Recover(after = "1m"))
        public int scoped(String id) {
            return ran(id, LocaleContextHolder.getLocale());
        }

        @Idempotent(
                key = "#id",
                operation = "declined",
                recordFailures = Declined.class,
                recover = @Idempotent.Recover(after = "1m"))
        public int declined(String id) throws Declined {
            ran(id);
            throw new Declined("no money");
        }

        @Idempotent(
                key = "#id",
                operation = "retried",
                retry = @Idempotent.Retry(maxRetries = 2, delay = "1ms"),
                recover = @Idempotent.Recover(after = "1m"))
        public int retried(String id) {
            return ran(id);
        }

        @Idempotent(key = "#id", operation = "stepwise", recover = @Idempotent.Recover(after = "1m"))
        public int stepwise(String id) {
            int reserved = steps.run("reserve", counter::next);
            ran(id, reserved);
            return reserved;
        }

        @Idempotent(key = "#id", operation = "outer", recover = @Idempotent.Recover(after = "1m"))
        public int outer(String id) {
            int counted = counter.count("inner of " + id);
            return ran(id, counted);
        }

        @Idempotent(
                key = "#id",
                operation = "reconciled",
                reconcileWith = "find",
                recover = @Idempotent.Recover(after = "1m"))
        public Receipt reconciled(String id, Order order) {
            return new Receipt(id, ran(id, order));
        }

        // Called by its name.
        @SuppressWarnings("UnusedMethod")
        private Reconciliation<Receipt> find(String id, Order order) {
            asked.add(List.of(id, order));
            return Reconciliation.completed(new Receipt(id, 77));
        }

        @Idempotent(key = "#id", operation = "ship", fingerprint = "#id", recover = @Idempotent.Recover(after = "1m"))
        public int ship(String id, Parcel parcel) {
            return ran(id, parcel);
        }

        @Idempotent(key = "#id", operation = "answered-outside", recover = @Idempotent.Recover(after = "1m"))
        public int answeredOutside(String id) {
            return ran(id);
        }

        @Idempotent(key = "#id", operation = "alone")
        public int alone(String id) {
            return ran(id);
        }
    }

    static class Counter {

        private final AtomicInteger count = new AtomicInteger();

        int next() {
            return count.incrementAndGet();
        }

        @Idempotent(key = "#id", operation = "count", recover = @Idempotent.Recover(after = "1m"))
        public int count(String id) {
            return next();
        }
    }

    static class LocaleOfCaller implements RecoveryContextCustomizer {

        final AtomicInteger captures = new AtomicInteger();
        final List<String> restored = new CopyOnWriteArrayList<>();

        @Override
        public void capture(Map<String, String> context) {
            captures.incrementAndGet();
            context.put("locale", LocaleContextHolder.getLocale().toLanguageTag());
        }

        @Override
        public Scope restore(IdempotencyKey key, Map<String, String> recorded) {
            restored.add("begin " + key.operation());
            LocaleContextHolder.setLocale(Locale.forLanguageTag(recorded.getOrDefault("locale", "und")));
            return () -> {
                restored.add("end " + key.operation());
                LocaleContextHolder.resetLocaleContext();
            };
        }
    }

    /** Has transactions of nothing. */
    private static final class NoResource extends AbstractPlatformTransactionManager {

        private static final long serialVersionUID = 1;

        @Override
        protected Object doGetTransaction() {
            return this;
        }

        @Override
        protected void doBegin(Object transaction, TransactionDefinition definition) {}

        @Override
        protected void doCommit(DefaultTransactionStatus status) {}

        @Override
        protected void doRollback(DefaultTransactionStatus status) {}
    }

    private final DurableBackend backend;
    private final RecoveringApplication application;
    private final Shop shop;
    private final String id = "order " + KEYS.incrementAndGet();

    RecoveryTest(DurableBackend backend) {
        this.backend = backend;
        this.application = APPLICATIONS.computeIfAbsent(
                backend,
                unknown -> RecoveringApplication.start(
                        backend,
                        backend.newAddress(),
                        Map.of("idempotent.near-cache.maximum-size", "100"),
                        RecoveryTest::register));
        this.shop = application.bean(Shop.class);
        target().runs.clear();
        target().work = () -> {};
    }

    private static void register(AnnotationConfigApplicationContext context) {
        context.getBeanFactory().registerScope("desk", new SimpleThreadScope());
        context.register(Scoped.class);
        context.registerBean(Shop.class);
        context.registerBean(Counter.class);
        context.registerBean("callers", Callers.class);
        context.registerBean(LocaleOfCaller.class);
        context.registerBean(Van.class, definition -> definition.setLazyInit(true));
        NameMatchMethodPointcut pointcut = new NameMatchMethodPointcut();
        pointcut.setMappedName("answeredOutside");
        DefaultPointcutAdvisor outside = new DefaultPointcutAdvisor(
                pointcut, (MethodInterceptor) invocation -> ANSWERED_OUTSIDE.get() ? 0 : invocation.proceed());
        outside.setOrder(Ordered.HIGHEST_PRECEDENCE);
        context.registerBean(
                DefaultPointcutAdvisor.class,
                () -> outside,
                definition -> definition.setRole(BeanDefinition.ROLE_INFRASTRUCTURE));
    }

    @AfterAll
    static void close() {
        APPLICATIONS.values().forEach(RecoveringApplication::close);
        APPLICATIONS.clear();
    }

    private Shop target() {
        return (Shop) Objects.requireNonNull(AopProxyUtils.getSingletonTarget(shop));
    }

    private IdempotencyRecord record(String operation) {
        return application.store().record(key(operation, id));
    }

    private Result recover(String operation) {
        return application.recover(key(operation, id));
    }

    private static String text(@Nullable RecordedRequest request) {
        return new String(Objects.requireNonNull(request).content(), StandardCharsets.UTF_8);
    }

    private Order order() {
        return new Order(id, List.of(new Line("tea", new BigDecimal("3.50")), new Line("cup", new BigDecimal("7"))));
    }

    @Test
    void theBeanIsCalledAgainWithWhatWasAskedFor() {
        application.cutOff(() -> shop.place(order()));
        assertThat(record("place").isAbandoned()).isTrue();
        assertThat(target().runs).hasSize(1);

        assertThat(recover("place")).isEqualTo(Result.FINISHED);
        assertThat(target().runs).containsExactly(List.of(order()), List.of(order()));
        IdempotencyContext context = target().contexts.get(target().contexts.size() - 1);
        assertThat(context.recovered()).isTrue();
        assertThat(context.takeovers()).isEqualTo(1);
        assertThat(target().contexts.get(target().contexts.size() - 2).recovered())
                .isFalse();

        assertThat(shop.place(order())).isEqualTo(new Receipt(id, 2));
        assertThat(target().runs).hasSize(2);
        assertThat(application.store().request(key("place", id))).isNull();
        // What was recorded as the fingerprint holds.
        assertThatExceptionOfType(IdempotencyKeyReusedException.class)
                .isThrownBy(() -> shop.place(new Order(id, List.of())));
    }

    @Test
    void severalArgumentsGenericOnesAndNullComeBack() {
        Map<String, List<Line>> lines = Map.of("today", order().lines(), "later", List.of());
        application.cutOff(() -> shop.several(id, lines, null, 3, Locale.GERMAN));
        assertThat(recover("several")).isEqualTo(Result.FINISHED);
        assertThat(target().runs.get(1)).containsExactly(id, lines, null, 3, Locale.GERMAN);
    }

    @Test
    void aMethodWithoutParametersIsCalledAgain() {
        application.cutOff(shop::nothing);
        assertThat(application.recover(key("nothing", "monday"))).isEqualTo(Result.FINISHED);
        assertThat(target().runs).hasSize(2);
    }

    @Test
    void whatIsSetIsKnownToWhoRecovers() {
        Recovery several = application.recovery("several");
        assertThat(several.after()).isEqualTo(Duration.ofMinutes(2));
        assertThat(several.maxTakeovers()).isEqualTo(2);
        assertThat(application.recovery("place").maxTakeovers()).isEqualTo(5);
    }

    @Test
    void anIdMayBeRecordedInPlaceOfTheArgument() {
        application.cutOff(() -> shop.load(order()));
        assertThat(text(application.store().request(key("load", id))))
                .contains(id)
                .doesNotContain("tea");
        assertThat(recover("load")).isEqualTo(Result.FINISHED);
        assertThat(target().loads).contains(id);
        assertThat(target().runs.get(1)).containsExactly(new Order(id, List.of()));
    }

    @Test
    void allArgumentsMayBeLoadedWithWhatWasRecorded() {
        application.cutOff(() -> shop.loadSeveral(id, order(), null));
        assertThat(recover("load-several")).isEqualTo(Result.FINISHED);
        assertThat(target().runs.get(1)).containsExactly(id, new Order(id, List.of()), null);
    }

    @Test
    void whatCannotBeLoadedAnyMoreIsUnreadable() {
        Order gone = new Order("gone " + id, List.of());
        application.cutOff(() -> shop.load(gone));
        assertThatExceptionOfType(UnreadableRequestException.class)
                .isThrownBy(() -> application.recover(key("load", gone.id())))
                .withMessageContaining("the method 'order' returned null")
                .withMessageNotContaining(gone.id());
        assertThat(application.store().record(key("load", gone.id())).takeovers())
                .isZero();
    }

    @Test
    void whatFailsToLoadIsTriedAgainLater(CapturedOutput output) {
        Order broken = new Order("broken " + id, List.of());
        application.cutOff(() -> shop.load(broken));
        assertThat(application.recover(key("load", broken.id()))).isEqualTo(Result.NOT_FINISHED);
        assertThat(application.store().record(key("load", broken.id())).takeovers())
                .isZero();
        assertThat(output)
                .contains("The idempotency key 'load:broken " + id + "' was not recovered")
                .contains("java.io.IOException")
                .doesNotContain("the archive of");
    }

    @Test
    void neitherKeyNorScopeNorFingerprintIsEvaluatedAgain() {
        Callers callers = application.bean(Callers.class);
        callers.call("ann", application, () -> shop.scoped(id));
        assertThatExceptionOfType(io.idempotent.IdempotencyKeyException.class).isThrownBy(() -> shop.scoped(id));
        IdempotencyKey key = IdempotencyKey.unchecked("scoped", "ann", id);
        IdempotencyRecord before = application.store().record(key);

        assertThat(application.recover(key)).isEqualTo(Result.FINISHED);
        assertThat(target().runs).hasSize(2);
        assertThat(application.store().record(key).fingerprint()).isEqualTo(before.fingerprint());
    }

    @Test
    void whatTheCallHadAroundItIsRestored() {
        Callers callers = application.bean(Callers.class);
        LocaleOfCaller locales = application.bean(LocaleOfCaller.class);
        locales.restored.clear();
        LocaleContextHolder.setLocale(Locale.JAPANESE);
        callers.call("bea", application, () -> shop.scoped(id));
        LocaleContextHolder.setLocale(Locale.FRENCH);
        try {
            application.recover(IdempotencyKey.unchecked("scoped", "bea", id));
        } finally {
            LocaleContextHolder.resetLocaleContext();
        }
        assertThat(target().runs.get(1)).containsExactly(id, Locale.JAPANESE);
        assertThat(locales.restored).containsExactly("begin scoped", "end scoped");
    }

    @Test
    void aFailureLeavesTheRecordAbandonedWithItsRequest() {
        application.cutOff(() -> shop.place(order()));
        target().work = () -> {
            throw new IllegalStateException("still down");
        };
        assertThat(recover("place")).isEqualTo(Result.NOT_FINISHED);
        assertThat(record("place").isAbandoned()).isTrue();
        assertThat(record("place").takeovers()).isEqualTo(1);

        target().work = () -> {};
        assertThat(recover("place")).isEqualTo(Result.FINISHED);
        assertThat(target().runs).hasSize(3);
        assertThat(shop.place(order()).run()).isEqualTo(3);
    }

    @Test
    void aFinalFailureIsRecorded() {
        application.cutOff(() -> shop.declined(id));
        assertThat(recover("declined")).isEqualTo(Result.FINISHED);
        assertThatExceptionOfType(Declined.class)
                .isThrownBy(() -> shop.declined(id))
                .withMessage("no money");
        assertThat(target().runs).hasSize(2);
    }

    @Test
    void failedAttemptsAreRepeatedWithinTheRecovery() {
        application.cutOff(() -> shop.retried(id));
        target().work = () -> {
            if (target().runs.size() < 4) {
                throw new IllegalStateException("not yet");
            }
        };
        assertThat(recover("retried")).isEqualTo(Result.FINISHED);
        assertThat(target().runs).hasSize(4);
        assertThat(record("retried").takeovers()).isEqualTo(1);
    }

    @Test
    void recordedStepsAreNotRunAgain() {
        application.cutOff(() -> shop.stepwise(id));
        assertThat(recover("stepwise")).isEqualTo(Result.FINISHED);
        assertThat(target().runs.get(1)).isEqualTo(target().runs.get(0));
    }

    @Test
    void whatARecoveredCallCallsHasKeysOfItsOwn() {
        application.cutOff(() -> shop.outer(id));
        // The owner of both died.
        IdempotencyKey inner = key("count", "inner of " + id);
        assertThat(application.store().record(inner).isAbandoned()).isTrue();
        assertThat(recover("outer")).isEqualTo(Result.FINISHED);
        assertThat(application.store().record(inner).outcome()).isNotNull();
        assertThat(application.store().record(inner).takeovers()).isEqualTo(1);
        assertThat(record("outer").outcome()).isNotNull();
    }

    @Test
    void aReconcilerIsAskedWithWhatWasAskedFor() {
        application.cutOff(() -> shop.reconciled(id, order()));
        assertThat(recover("reconciled")).isEqualTo(Result.FINISHED);
        assertThat(target().asked).contains(List.of(id, order()));
        assertThat(target().runs).hasSize(1);
        assertThat(shop.reconciled(id, order())).isEqualTo(new Receipt(id, 77));
    }

    @Test
    void aCallerThatComesBackMeanwhileGetsTheReplay() throws Exception {
        application.cutOff(() -> shop.place(order()));
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch mayEnd = new CountDownLatch(1);
        target().work = () -> {
            inside.countDown();
            assertThat(mayEnd.await(20, TimeUnit.SECONDS)).isTrue();
        };
        CompletableFuture<Result> recovery = CompletableFuture.supplyAsync(() -> recover("place"));
        assertThat(inside.await(20, TimeUnit.SECONDS)).isTrue();
        CompletableFuture<Receipt> caller = CompletableFuture.supplyAsync(() -> shop.place(order()));
        mayEnd.countDown();
        assertThat(recovery.get(20, TimeUnit.SECONDS)).isEqualTo(Result.FINISHED);
        assertThat(caller.get(20, TimeUnit.SECONDS)).isEqualTo(new Receipt(id, 2));
        assertThat(target().runs).hasSize(2);
    }

    @Test
    void aCallerThatComesBackFirstKeepsTheKey() throws Exception {
        application.cutOff(() -> shop.place(order()));
        IdempotencyRecord seen = record("place");
        RecordedRequest request = Objects.requireNonNull(application.store().request(seen.key()));
        Recovery recovery = application.recovery("place");
        CompletableFuture<Result> during = new CompletableFuture<>();
        target().work = () ->
                during.completeAsync(() -> recovery.recover(seen, request)).join();
        assertThat(shop.place(order())).isEqualTo(new Receipt(id, 2));
        assertThat(during.get()).isEqualTo(Result.TAKEN);
        // And once it has its answer, that is the recovery's, too.
        assertThat(recovery.recover(seen, request)).isEqualTo(Result.FINISHED);
        assertThat(target().runs).hasSize(2);
    }

    @Test
    void aKeyThatWasReleasedAndClaimedAnewMeanwhileIsNotTouched() {
        application.cutOff(() -> shop.place(order()));
        IdempotencyRecord seen = record("place");
        RecordedRequest request = Objects.requireNonNull(application.store().request(seen.key()));
        Claim claim = Objects.requireNonNull(application
                        .store()
                        .takeOver(seen.key(), seen.fencingToken(), UUID.randomUUID(), Duration.ofMinutes(1)))
                .claim();
        assertThat(application.store().release(claim)).isTrue();
        application.cutOff(() -> shop.place(order()));
        IdempotencyRecord now = record("place");

        assertThat(application.recovery("place").recover(seen, request)).isEqualTo(Result.TAKEN);
        assertThat(record("place").fencingToken()).isEqualTo(now.fencingToken());
        assertThat(target().runs).hasSize(2);
    }

    @Test
    void aCallInATransactionOfItsCallerRecordsNothing() {
        new TransactionTemplate(new NoResource()).executeWithoutResult(status -> {
            shop.place(order());
            assertThat(application.store().request(key("place", id))).isNull();
        });
        Order other = new Order(id + " outside", List.of());
        target().work = () -> assertThat(application.store().request(key("place", other.id())))
                .isNotNull();
        shop.place(other);
    }

    @Test
    void nothingIsRecordedForAReplayFromMemory() {
        LocaleOfCaller locales = application.bean(LocaleOfCaller.class);
        shop.place(order());
        int captures = locales.captures.get();
        shop.place(order());
        assertThat(locales.captures).hasValue(captures);
        shop.alone(id);
        assertThat(locales.captures).hasValue(captures);
    }

    @Test
    void aCallWhoseArgumentCannotBeRecordedRunsAndIsNotRecovered(CapturedOutput output) {
        for (String each : List.of(id, id + " again")) {
            application.cutOff(() -> shop.ship(each, new Insured()));
            assertThat(application.store().request(key("ship", each))).isNull();
        }
        assertThat(target().runs).hasSize(2);
        assertThat(output.getOut().split("A call of operation 'ship' runs, and cannot be recovered", -1))
                .hasSizeLessThanOrEqualTo(2);
        application.cutOff(() -> shop.ship(id + " plain", new Parcel()));
        assertThat(application.store().request(key("ship", id + " plain"))).isNotNull();
    }

    @Test
    void aCallThatNeverReachedTheInterceptionIsToldSo(CapturedOutput output) {
        application.cutOff(() -> shop.answeredOutside(id));
        ANSWERED_OUTSIDE.set(true);
        try {
            assertThat(recover("answered-outside")).isEqualTo(Result.NOT_FINISHED);
        } finally {
            ANSWERED_OUTSIDE.set(false);
        }
        assertThat(target().runs).hasSize(1);
        assertThat(record("answered-outside").takeovers()).isZero();
        assertThat(output).contains("was called, and the call was not intercepted on this thread");
        assertThat(recover("answered-outside")).isEqualTo(Result.FINISHED);
    }

    @Test
    void aScopedBeanIsCalled() {
        Desk desk = application.bean(Desk.class);
        application.cutOff(() -> desk.serve(id));
        assertThat(recover("serve")).isEqualTo(Result.FINISHED);
        assertThat(Desk.SERVED).containsSubsequence(id, id);
        assertThat(desk.serve(id)).isEqualTo("served " + id);
    }

    @Test
    void aLazyBeanThatIsProxiedByItsInterfacesIsCalled() {
        Carrier van = application.bean(Carrier.class);
        application.cutOff(() -> van.carry(id));
        assertThat(recover("carry")).isEqualTo(Result.FINISHED);
        assertThat(van.carry(id)).isEqualTo("carried " + id);
    }
}
