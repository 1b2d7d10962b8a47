package io.idempotent.spring.early;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.spy;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.mockito.Mockito;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.BeanFactory;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.beans.factory.support.BeanDefinitionRegistry;
import org.springframework.beans.factory.support.BeanDefinitionRegistryPostProcessor;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.core.Ordered;
import org.springframework.core.PriorityOrdered;
import org.springframework.core.env.MapPropertySource;
import org.springframework.test.context.TestPropertySource;
import org.springframework.test.context.bean.override.convention.TestBean;
import org.springframework.test.context.bean.override.mockito.MockitoBean;
import org.springframework.test.context.bean.override.mockito.MockitoSpyBean;
import org.springframework.test.context.junit.jupiter.SpringJUnitConfig;
import org.springframework.test.util.AopTestUtils;

/**
 * Mocks run nothing and are left alone; spies and other real objects are protected, or it is said that they are not.
 */
@ExtendWith(OutputCaptureExtension.class)
class MocksAndRegisteredObjectsTest {

    private static final String UNPROTECTED = "its calls are not protected";

    static class Pay {

        private int runs;

        @Idempotent(key = "#id", operation = "pay")
        public String pay(String id) {
            return "ran " + ++runs;
        }
    }

    static final class Final extends Pay {}

    interface Refunds {

        @Idempotent(key = "#id")
        String refund(String id);
    }

    @Configuration
    @EnableIdempotency
    static class Enabled {}

    @Configuration
    @EnableIdempotency
    static class Application {

        @Bean
        Pay pay() {
            return new Pay();
        }

        @Bean
        Refunds refunds() {
            return id -> "refunded";
        }
    }

    @Nested
    @SpringJUnitConfig(Application.class)
    @TestPropertySource(properties = "idempotent.operations.pay.retention=1h")
    class WithMockitoBean {

        @MockitoBean
        private Pay pay;

        @MockitoBean
        private Refunds refunds;

        @MockitoBean
        private Final another;

        @Test
        void answersEachCallByWhatItWasTold() {
            assertThat(pay.pay("1")).isNull();
            when(pay.pay("1")).thenReturn("first", "second");
            when(refunds.refund("1")).thenReturn("third");

            assertThat(pay.pay("1")).isEqualTo("first");
            assertThat(pay.pay("1")).isEqualTo("second");
            assertThat(refunds.refund("1")).isEqualTo("third");
            assertThat(another.pay("1")).isNull();
            verify(pay, times(3)).pay("1");
        }
    }

    @Nested
    @SpringJUnitConfig(Application.class)
    class WithMockitoSpyBean {

        @MockitoSpyBean
        private Pay pay;

        @Test
        void isProtectedAsTheObjectThatItIs() {
            assertThat(pay.pay("1")).isEqualTo("ran 1");
            assertThat(pay.pay("1")).isEqualTo("ran 1");

            verify(AopTestUtils.<Pay>getUltimateTargetObject(pay), times(1)).pay("1");
        }
    }

    @Nested
    @SpringJUnitConfig(Application.class)
    class WithTestBean {

        @TestBean
        private Pay pay;

        static Pay pay() {
            return new Pay();
        }

        @Test
        void runs() {
            assertThat(pay.pay("1")).isEqualTo("ran 1");
        }
    }

    @Configuration
    @EnableIdempotency
    static class MockAsBean {

        @Bean
        Pay pay() {
            return mock(Pay.class);
        }

        @Bean
        FactoryBean<Refunds> refunds() {
            return new FactoryBean<>() {
                @Override
                public Refunds getObject() {
                    return mock(Refunds.class);
                }

                @Override
                public Class<?> getObjectType() {
                    return Refunds.class;
                }
            };
        }
    }

    @Test
    void aMockThatABeanMethodMakesAnswersEachCall() {
        try (var context = new AnnotationConfigApplicationContext(MockAsBean.class)) {
            Pay pay = context.getBean(Pay.class);
            when(pay.pay("1")).thenReturn("first", "second");
            Refunds refunds = context.getBean(Refunds.class);
            when(refunds.refund("1")).thenReturn("third");

            assertThat(pay.pay("1")).isEqualTo("first");
            assertThat(pay.pay("1")).isEqualTo("second");
            assertThat(refunds.refund("1")).isEqualTo("third");
            assertThat(pay.pay(null)).isNull();
            assertThat(Mockito.mockingDetails(pay).isMock()).isTrue();
        }
    }

    @Configuration
    @EnableIdempotency
    static class SpyAsBean {

        @Bean
        Pay pay() {
            return spy(new Pay());
        }
    }

    @Test
    void aSpyThatABeanMethodMakesIsProtected() {
        try (var context = new AnnotationConfigApplicationContext(SpyAsBean.class)) {
            Pay pay = context.getBean(Pay.class);

            assertThat(pay.pay("1")).isEqualTo("ran 1");
            assertThat(pay.pay("1")).isEqualTo("ran 1");
        }
    }

    @Test
    void aMockThatIsMadeTooEarlyIsNotRefused() {
        try (var context = new AnnotationConfigApplicationContext(MockAsBean.class, NeedyPostProcessor.class)) {
            assertThat(context.getBean(Pay.class).pay("1")).isNull();
        }
    }

    @Configuration
    static class NeedyPostProcessor {

        @Bean
        static BeanPostProcessor needy(Pay pay) {
            return new NothingDoer(pay);
        }
    }

    /** Made before the creator of proxies. */
    static final class NothingDoer implements BeanPostProcessor, PriorityOrdered {

        NothingDoer(Pay pay) {}

        @Override
        public int getOrder() {
            return Ordered.HIGHEST_PRECEDENCE;
        }
    }

    @Test
    void aMockThatIsRegisteredAsAnObjectIsLeftAlone(CapturedOutput output) {
        try (GenericApplicationContext context = context()) {
            context.getBeanFactory().registerSingleton("pay", mock(Pay.class));
            context.getBeanFactory().registerSingleton("other", mock(Pay.class));
            context.refresh();

            assertThat(context.getBean("pay", Pay.class).pay("1")).isNull();
        }
        assertThat(output).doesNotContain(UNPROTECTED);
    }

    @Test
    void settingsOfAMockedOperationAreKnown() {
        try (GenericApplicationContext context = context()) {
            context.getEnvironment()
                    .getPropertySources()
                    .addFirst(new MapPropertySource("test", Map.of("idempotent.operations.pay.retention", "1h")));
            context.getBeanFactory().registerSingleton("pay", mock(Pay.class));
            context.refresh();

            assertThat(context.isRunning()).isTrue();
        }
    }

    @Test
    void anObjectThatIsRegisteredIsSaidNotToBeProtected(CapturedOutput output) {
        try (GenericApplicationContext context = context()) {
            context.getBeanFactory().registerSingleton("early", new Pay());
            context.addBeanFactoryPostProcessor(factory -> factory.registerSingleton("late", new Final()));
            context.refresh();

            assertThat(context.getBean("early", Pay.class).pay("1")).isEqualTo("ran 1");
        }
        assertThat(output)
                .contains("The bean 'early' of type " + Pay.class.getName())
                .contains("The bean 'late' of type " + Final.class.getName())
                .contains(UNPROTECTED);
    }

    @Test
    void anObjectThatReplacesADefinedBeanIsSaidNotToBeProtected(CapturedOutput output) {
        try (GenericApplicationContext context = context()) {
            context.registerBean("pay", Pay.class, Pay::new);
            context.registerBean(Replacing.class);
            context.refresh();
        }
        assertThat(output)
                .contains("The bean 'pay' of type " + Pay.class.getName())
                .contains(UNPROTECTED);
    }

    /** Does what test frameworks do. */
    static final class Replacing implements BeanFactoryPostProcessor {

        @Override
        public void postProcessBeanFactory(ConfigurableListableBeanFactory beanFactory) {
            beanFactory.registerSingleton("pay", new Pay());
        }
    }

    @Test
    void anObjectThatWasPostProcessedByHandIsProtected(CapturedOutput output) {
        try (GenericApplicationContext context = context()) {
            context.registerBean(Late.class);
            context.refresh();
            Pay pay = context.getBean("late", Pay.class);

            assertThat(pay.pay("1")).isEqualTo("ran 1");
            assertThat(pay.pay("1")).isEqualTo("ran 1");
        }
        assertThat(output).doesNotContain(UNPROTECTED);
    }

    /** Registers a proxy when it is made itself. */
    static final class Late {

        @Autowired
        Late(GenericApplicationContext context) {
            Object proxied = context.getBeanFactory().initializeBean(new Pay(), "late");
            context.getBeanFactory().registerSingleton("late", proxied);
        }
    }

    @Test
    void aBeanThatASupplierMakesIsProtected(CapturedOutput output) {
        try (GenericApplicationContext context = context()) {
            context.registerBean(Pay.class, Pay::new);
            context.refresh();
            Pay pay = context.getBean(Pay.class);

            assertThat(AopUtils.isAopProxy(pay)).isTrue();
            assertThat(pay.pay("1")).isEqualTo("ran 1");
            assertThat(pay.pay("1")).isEqualTo("ran 1");
        }
        assertThat(output).doesNotContain(UNPROTECTED);
    }

    @Test
    void aBeanThatIsMadeBeforeTheGuardIsRefused() {
        GenericApplicationContext context = context();
        context.registerBean("pay", Pay.class, Pay::new);
        context.registerBean(EarliestPostProcessor.class);

        assertThatThrownBy(context::refresh)
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining("'pay'")
                .hasMessageContaining("was made before proxies can be");
    }

    /** Needs a bean before any other post-processor of the bean factory runs. */
    static final class EarliestPostProcessor implements BeanDefinitionRegistryPostProcessor, PriorityOrdered {

        @Override
        public int getOrder() {
            return Ordered.HIGHEST_PRECEDENCE;
        }

        @Override
        public void postProcessBeanDefinitionRegistry(BeanDefinitionRegistry registry) {
            ((BeanFactory) registry).getBean("pay");
        }
    }

    private static GenericApplicationContext context() {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(Enabled.class);
        return context;
    }
}
