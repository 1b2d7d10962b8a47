package io.idempotent.spring.weaving;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.weaving.bare.BareService;
import io.idempotent.spring.weaving.woven.Advised;
import io.idempotent.spring.weaving.woven.Counter;
import io.idempotent.spring.weaving.woven.Later;
import io.idempotent.spring.weaving.woven.Request;
import io.idempotent.spring.weaving.woven.Startups;
import io.idempotent.spring.weaving.woven.Visibilities;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.context.annotation.AdviceMode;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.Ordered;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.annotation.EnableTransactionManagement;

/** Runs with the weaving agent and the {@code aop.xml} of the tests. */
@Tag("weaving")
class WeavingTest {

    private static final Request REQUEST = new Request("4711");

    @ParameterizedTest
    @ValueSource(strings = {"publicly", "finally", "protectedly", "in the package", "privately", "composed"})
    void aCallOfAnObjectToItselfIsProtectedWhateverTheVisibility(String name) throws IOException {
        try (var context = start(Woven.class, Visibilities.class)) {
            Visibilities bean = context.getBean(Visibilities.class);
            assertThat(AopUtils.isAopProxy(bean)).isFalse();

            assertThat(bean.call(name, REQUEST)).isEqualTo(1);
            assertThat(bean.call(name, REQUEST)).isEqualTo(1);
            assertThat(bean.call(name, new Request("4712"))).isEqualTo(2);
            assertThat(context.getBean(Counter.class).bare()).isZero();
        }
    }

    @Test
    void exceptionsPassUnchangedAndReleaseTheKey() {
        try (var context = start(Woven.class, Visibilities.class)) {
            Visibilities bean = context.getBean(Visibilities.class);
            for (int body = 1; body <= 2; body++) {
                assertThatExceptionOfType(IOException.class)
                        .isThrownBy(() -> bean.call("failing", REQUEST))
                        .withMessage("body " + body)
                        .withNoCause();
            }
            assertThat(context.getBean(Counter.class).bare()).isZero();
        }
    }

    @Test
    void aFutureIsProtectedAndPassesTheAdviceInside() {
        try (var context = start(Woven.class, Later.class)) {
            Later later = context.getBean(Later.class);
            int before = Advised.RUNS.get();
            assertThat(later.future(REQUEST).join()).isEqualTo(1);
            assertThat(later.future(REQUEST).join()).isEqualTo(1);
            assertThat(Advised.RUNS.get() - before).isEqualTo(1);
            assertThat(context.getBean(Counter.class).bare()).isZero();
        }
    }

    @Test
    void methodsThatMayRunAgainAfterTheyReturnedAreRefused() {
        String description = "may run more than once after it has returned";
        assertRefused(description, "Use the mode PROXY", Later.Repeated.class);
        assertRefused(description, "Use the mode PROXY", Later.Subscribed.class);
    }

    @Test
    void aBridgeMethodIsOneClaimWithTheMethodItCalls() {
        try (var context = start(Woven.class, Startups.Bridged.class)) {
            Startups.Runner<Request> runner = context.getBean(Startups.Bridged.class);
            assertThat(runner.runGeneric(REQUEST)).isEqualTo(1);
            assertThat(runner.runGeneric(REQUEST)).isEqualTo(1);
        }
    }

    @Test
    void aWovenClassInTheModeProxyIsClaimedOnce() {
        try (var context = start(Proxied.class, Startups.Service.class)) {
            Startups.Service service = context.getBean(Startups.Service.class);
            assertThat(AopUtils.isAopProxy(service)).isTrue();

            // A second claim of the key by the aspect would be refused as re-entry.
            assertThat(service.run(REQUEST)).isEqualTo(1);
            assertThat(service.run(REQUEST)).isEqualTo(1);
            assertThat(context.getBean(Counter.class).bare()).isZero();
        }
    }

    @Test
    void callsFromPostConstructAreProtectedWhoeverMakesThem() {
        try (var context =
                start(Woven.class, Startups.Service.class, Startups.EarlyCaller.class, Startups.CallerOfItself.class)) {
            Counter counter = context.getBean(Counter.class);
            assertThat(counter.bodies()).isEqualTo(2);
            assertThat(counter.bare()).isZero();
        }
    }

    @Test
    void aCallFromAPostProcessorOfTheBeanFactoryIsProtected() {
        try (var context = start(Woven.class, Startups.Service.class, CallingFactoryPostProcessor.class)) {
            Counter counter = context.getBean(Counter.class);
            assertThat(counter.bodies()).isEqualTo(1);
            assertThat(counter.bare()).isZero();
        }
    }

    @Test
    void aClassThatIsNotWovenIsRefused() {
        assertRefused("BareService.run(Request) is not woven", "include", BareService.class);
    }

    @Test
    void anAnnotationOnTheInterfaceOnlyIsRefused() {
        assertRefused("OfInterface.run(Request)", "Annotate the method of the class", Startups.OfInterface.class);
    }

    @Test
    void anOverridingMethodWithoutTheAnnotationIsRefused() {
        assertRefused("Overriding.run(Request)", "Annotate the method of the class", Startups.Overriding.class);
    }

    @Test
    void anAnnotationComposedOfAComposedOneIsRefused() {
        assertRefused("ComposedTwice.run(Request)", "Annotate the method of the class", Startups.ComposedTwice.class);
    }

    @Test
    void aStaticMethodIsRefused() {
        assertRefused("Static.run(Request) is static", "instance method", Startups.Static.class);
    }

    @Test
    void bothModesAtOnceAreRefused() {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> start(Woven.class, Proxied.class).close())
                .satisfies(refusal -> {
                    assertThat(refusal.description()).contains("PROXY", "ASPECTJ");
                    assertThat(refusal.action()).contains("one @EnableIdempotency");
                });
    }

    @Test
    void calledWithoutAContextAnObjectRunsBareBeforeAndAfterOne() {
        Counter counter = new Counter();
        Startups.Service service = new Startups.Service(counter);
        service.run(REQUEST);
        assertThat(counter.bare()).isEqualTo(1);

        Startups.Service bean;
        Counter ofContext;
        try (var context = start(Woven.class, Startups.Service.class)) {
            bean = context.getBean(Startups.Service.class);
            ofContext = context.getBean(Counter.class);
            bean.run(REQUEST);
            assertThat(ofContext.bare()).isZero();
        }
        bean.run(REQUEST);
        assertThat(ofContext.bodies()).isEqualTo(2);
        assertThat(ofContext.bare()).isEqualTo(1);
    }

    @Test
    void twoContextsOneAfterAnotherHaveRecordsOfTheirOwn() {
        for (int time = 1; time <= 2; time++) {
            try (var context = start(Woven.class, Startups.Service.class)) {
                Startups.Service service = context.getBean(Startups.Service.class);
                assertThat(service.run(REQUEST)).isEqualTo(1);
                assertThat(service.run(REQUEST)).isEqualTo(1);
            }
        }
    }

    @Test
    void aContextStaysProtectedWhenAnotherThatCameAfterItIsClosed() {
        try (var first = start(Woven.class, Startups.Service.class)) {
            Startups.Service service = first.getBean(Startups.Service.class);
            assertThat(service.run(REQUEST)).isEqualTo(1);

            start(Woven.class, Startups.Service.class).close();

            assertThat(service.run(REQUEST)).isEqualTo(1);
            assertThat(first.getBean(Counter.class).bare()).isZero();
        }
    }

    @Test
    void aContextThatFailsToStartLeavesTheAspectToTheOneBefore() {
        try (var first = start(Woven.class, Startups.Service.class)) {
            Startups.Service service = first.getBean(Startups.Service.class);
            assertThat(service.run(REQUEST)).isEqualTo(1);

            assertRefused("BareService", "include", BareService.class);

            assertThat(service.run(REQUEST)).isEqualTo(1);
            assertThat(first.getBean(Counter.class).bare()).isZero();
        }
    }

    @Test
    void attemptsInsideOfAProxysTransactionAreRefused() {
        assertRefused(
                "Retrying.run(Request) retries inside of its transaction",
                "Weave transactions too",
                Startups.Retrying.class,
                ProxiedTransactions.class);
        assertRefused(
                "Atomic.run(Request) is atomic, and the advice that begins its transaction stands outside",
                "weave both",
                Startups.Atomic.class,
                ProxiedTransactions.class);
    }

    private static void assertRefused(String description, String action, Class<?>... beans) {
        assertThatExceptionOfType(IdempotencyConfigurationException.class)
                .isThrownBy(() -> {
                    List<Class<?>> all = new ArrayList<>(List.of(beans));
                    all.add(Woven.class);
                    start(all.toArray(Class<?>[]::new)).close();
                })
                .satisfies(refusal -> {
                    assertThat(refusal.description()).contains(description);
                    assertThat(refusal.action()).contains(action);
                });
    }

    private static AnnotationConfigApplicationContext start(Class<?>... beans) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(Counter.class);
        context.register(beans);
        context.refresh();
        return context;
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency(mode = AdviceMode.ASPECTJ)
    static class Woven {}

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Proxied {}

    @Configuration(proxyBeanMethods = false)
    @EnableTransactionManagement
    static class ProxiedTransactions {

        @Bean
        JdbcTransactionManager transactionManager() {
            return new JdbcTransactionManager(new JdbcDataSource());
        }
    }

    static class CallingFactoryPostProcessor implements BeanFactoryPostProcessor, Ordered {

        @Override
        public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
            Startups.Service service = new Startups.Service(
                    beanFactory.getBeanProvider(Counter.class).getObject());
            assertThat(service.run(REQUEST)).isEqualTo(service.run(REQUEST));
        }

        @Override
        public int getOrder() {
            return 0;
        }
    }
}
