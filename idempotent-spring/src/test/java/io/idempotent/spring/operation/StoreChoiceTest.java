package io.idempotent.spring.operation;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.benmanes.caffeine.cache.Ticker;
import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.boot.test.context.runner.ApplicationContextRunner;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.ApplicationContext;
import org.springframework.context.annotation.Configuration;

@ExtendWith(OutputCaptureExtension.class)
class StoreChoiceTest {

    static class Service {
        private int runs;

        @Idempotent(key = "#id", operation = "pay")
        public String pay(String id) {
            return id + ++runs;
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Enabled {}

    private final ApplicationContextRunner plain =
            new ApplicationContextRunner().withUserConfiguration(Enabled.class).withBean(Service.class);

    private final ApplicationContextRunner several = withStore(withStore(plain, "ledger"), "sessionIdempotencyStore");

    private static ApplicationContextRunner withStore(ApplicationContextRunner runner, String name) {
        return runner.withBean(name, IdempotencyStore.class, CaffeineIdempotencyStore::create);
    }

    private static void assertKeptIn(ApplicationContext context, String store) {
        context.getBean(Service.class).pay("a");
        context.getBeansOfType(IdempotencyStore.class)
                .forEach((name, candidate) -> assertThat(candidate.find(IdempotencyKey.of("pay", "a")))
                        .as(name)
                        .satisfies(found -> assertThat(found != null).isEqualTo(name.equals(store))));
    }

    private static void refused(
            ApplicationContextRunner runner, Consumer<IdempotencyConfigurationException> requirements) {
        runner.run(context -> assertThat(context.getStartupFailure())
                .isInstanceOfSatisfying(IdempotencyConfigurationException.class, requirements));
    }

    @Test
    void caffeinesIsChosenWhereThereIsNoOtherAndSaysOnceThatItProtectsOneJvm(CapturedOutput output) {
        plain.run(context -> {
            assertThat(context.getBeanNamesForType(IdempotencyStore.class)).containsExactly("caffeineIdempotencyStore");
            assertKeptIn(context, "caffeineIdempotencyStore");
            assertThat(output).containsOnlyOnce("they protect this one JVM");
        });
    }

    @Test
    void caffeinesSaysNothingWhereItIsMeant(CapturedOutput output) {
        plain.withPropertyValues("idempotent.store=caffeine").run(context -> {
            assertKeptIn(context, "caffeineIdempotencyStore");
            assertThat(output).doesNotContain("they protect this one JVM");
        });
    }

    @Test
    void theOnlyOneIsChosenAndInjectedAndCaffeinesIsNotMade() {
        withStore(plain, "ledger").run(context -> {
            assertThat(context.getBean(IdempotencyStore.class)).isSameAs(context.getBean("ledger"));
            context.getBean(Service.class).pay("a");
            assertThat(context.getBeanFactory().containsSingleton("caffeineIdempotencyStore"))
                    .isFalse();
            assertKeptIn(context, "ledger");
        });
    }

    @Test
    void caffeinesCanBeChosenForOneOperationBesideAnother() {
        withStore(plain, "ledger")
                .withPropertyValues("idempotent.operations.pay.store=caffeine")
                .run(context -> assertKeptIn(context, "caffeineIdempotencyStore"));
    }

    @Test
    void severalAreRefusedAndListed() {
        refused(several, refusal -> {
            assertThat(refusal.description())
                    .isEqualTo("There are several idempotency stores, [ledger, sessionIdempotencyStore], and none is"
                            + " chosen");
            assertThat(refusal.action()).contains("Choose one by idempotent.store");
        });
    }

    @Test
    void thePrimaryOneOfSeveralIsChosen() {
        several.withBean(
                        "primary",
                        IdempotencyStore.class,
                        CaffeineIdempotencyStore::create,
                        definition -> definition.setPrimary(true))
                .run(context -> assertKeptIn(context, "primary"));
    }

    @Test
    void twoPrimaryOnesAreRefused() {
        ApplicationContextRunner runner = plain;
        for (String name : new String[] {"first", "second"}) {
            runner = runner.withBean(
                    name,
                    IdempotencyStore.class,
                    CaffeineIdempotencyStore::create,
                    definition -> definition.setPrimary(true));
        }
        refused(runner, refusal -> assertThat(refusal.description()).contains("[first, second], and none is chosen"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"session", "sessionIdempotencyStore"})
    void oneOfSeveralIsChosenByItsNameWholeOrShort(String name) {
        several.withPropertyValues("idempotent.store=" + name)
                .run(context -> assertKeptIn(context, "sessionIdempotencyStore"));
    }

    @Test
    void oneOfSeveralIsChosenForAnOperation() {
        several.withPropertyValues("idempotent.store=session", "idempotent.operations.pay.store=ledger")
                .run(context -> assertKeptIn(context, "ledger"));
    }

    @Test
    void aNameThatNoStoreHasIsRefusedAndTheOthersListed() {
        refused(several.withPropertyValues("idempotent.store=redis"), refusal -> {
            assertThat(refusal.description())
                    .isEqualTo("There is no idempotency store 'redis'; there are the beans [ledger,"
                            + " sessionIdempotencyStore, caffeineIdempotencyStore]");
            assertThat(refusal.action())
                    .contains("Set idempotent.store")
                    .contains("declare a bean named 'redis' or 'redisIdempotencyStore'");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"caffeine", "caffeineIdempotencyStore"})
    void caffeinesCanBeChosenBesideAnother(String name) {
        withStore(plain, "ledger")
                .withPropertyValues("idempotent.store=" + name)
                .run(context -> {
                    assertThat(context.getBeanNamesForType(IdempotencyStore.class))
                            .containsExactly("ledger", "caffeineIdempotencyStore");
                    assertKeptIn(context, "caffeineIdempotencyStore");
                });
    }

    @Test
    void theApplicationsOwnBeanOfCaffeinesNameIsKept() {
        CaffeineIdempotencyStore own = CaffeineIdempotencyStore.create();
        plain.withBean("caffeineIdempotencyStore", CaffeineIdempotencyStore.class, () -> own)
                .run(context ->
                        assertThat(context.getBean(IdempotencyStore.class)).isSameAs(own));
    }

    @Test
    void caffeinesCountsByTheApplicationsTicker() {
        AtomicLong nanoseconds = new AtomicLong();
        plain.withBean(Ticker.class, () -> nanoseconds::get).run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a")).isEqualTo("a1");
            nanoseconds.addAndGet(Duration.ofHours(23).toNanos());
            assertThat(service.pay("a")).isEqualTo("a1");
            nanoseconds.addAndGet(Duration.ofHours(2).toNanos());
            assertThat(service.pay("a")).isEqualTo("a2");
        });
    }

    @Test
    void caffeinesIsAsLargeAsTheSettingsSay(CapturedOutput output) {
        plain.withPropertyValues("idempotent.caffeine.maximum-size=1").run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a")).isEqualTo("a1");
            assertThat(service.pay("b")).isEqualTo("b2");
            assertThat(output).contains("dropped the record of idempotency key 'pay:a'");
            assertThat(service.pay("a")).isEqualTo("a3");
        });
    }

    @Test
    void caffeinesIsAsHeavyAsTheSettingsSay(CapturedOutput output) {
        plain.withPropertyValues("idempotent.caffeine.maximum-weight=2KB").run(context -> {
            Service service = context.getBean(Service.class);
            assertThat(service.pay("a")).isEqualTo("a1");
            for (int number = 2; number <= 10; number++) {
                assertThat(service.pay("b" + number)).isEqualTo("b" + number + number);
            }
            assertThat(output).contains("dropped the record of idempotency key 'pay:a'");
            assertThat(context.getBean(CaffeineIdempotencyStore.class).weight()).isLessThanOrEqualTo(2_048);
            assertThat(service.pay("a")).isEqualTo("a11");
        });
    }

    @ParameterizedTest
    @ValueSource(strings = {"idempotent.caffeine.maximum-size=-1", "idempotent.max-waiters=-1"})
    void aLimitThatCannotBeIsRefusedByItsName(String property) {
        plain.withPropertyValues(property).run(context -> {
            assertThat(context.getStartupFailure()).isNotNull();
            Throwable cause = context.getStartupFailure();
            while (cause != null && !(cause instanceof IdempotencyConfigurationException)) {
                cause = cause.getCause();
            }
            assertThat(cause)
                    .as("refusal in %s", context.getStartupFailure())
                    .isInstanceOfSatisfying(
                            IdempotencyConfigurationException.class,
                            refusal -> assertThat(refusal.description())
                                    .contains(property.replaceAll("^idempotent\\.|caffeine\\.|=-1$", ""))
                                    .contains("-1"));
        });
    }
}
