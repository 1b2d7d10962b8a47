package io.idempotent.spring.early;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.engine.IdempotencyListener;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.settings.IdempotencySettings;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import jakarta.annotation.PostConstruct;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.aop.framework.autoproxy.DefaultAdvisorAutoProxyCreator;
import org.springframework.aop.support.AopUtils;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.beans.factory.config.BeanFactoryPostProcessor;
import org.springframework.beans.factory.config.BeanPostProcessor;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.context.annotation.Lazy;
import org.springframework.context.annotation.Scope;
import org.springframework.context.annotation.ScopedProxyMode;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.context.event.EventListener;
import org.springframework.context.support.SimpleThreadScope;
import org.springframework.core.PriorityOrdered;
import org.springframework.jdbc.datasource.DriverManagerDataSource;

/** A call that is made early is protected, or refused; it never runs bare. */
class EarlyBeansTest {

    @BeforeEach
    void forgetOtherTests() {
        Credentials.reset();
    }

    @Test
    void aServiceThatTheDataSourceNeedsIsProtected() {
        start(Credentials.class, NeedyDataSource.class).close();

        assertOneBodyAndNoneBare();
    }

    @Test
    void aServiceThatTheDataSourceNeedsIsRefusedWhereTheStoreNeedsTheDataSource() {
        assertNotRun("needyDataSource", Credentials.class, NeedyDataSource.class, StoreOnDataSource.class);
    }

    @Test
    void aServiceThatTheStoreCallsWhileItIsMadeIsRefused() {
        assertNotRun("store", Credentials.class, CallingStore.class);
    }

    @Test
    void aServiceThatIsCalledFromPostConstructWhileTheStoreIsMadeIsRefused() {
        assertNotRun("store", Credentials.class, StoreBeforeTheCaller.class);
    }

    @Test
    void aServiceThatIsCalledFromPostConstructBeforeTheStoreIsMadeIsProtected() {
        start(Credentials.class, EarlyCaller.class, StoreThatNeedsTheCaller.class)
                .close();

        assertOneBodyAndNoneBare();
    }

    @Test
    void aServiceThatTheStoreOnlyKeepsIsProtected() {
        try (var context = start(Credentials.class, KeepingStore.class)) {
            Credentials.issueTwice(context.getBean(Credentials.class));
        }
        assertOneBodyAndNoneBare();
    }

    @Test
    void aServiceThatTheSettingsCallWhileTheyAreMadeIsRefused() {
        assertNotRun("settings", Credentials.class, CallingSettings.class);
    }

    @Test
    void aServiceThatAListenerCallsWhileItIsMadeIsRefused() {
        assertNotRun("listener", Credentials.class, CallingListener.class);
    }

    @Test
    void aCallFromPostConstructOfAnotherBeanIsProtected() {
        start(Credentials.class, EarlyCaller.class).close();

        assertOneBodyAndNoneBare();
    }

    @Test
    void aCallFromAListenerOfTheRefreshedContextIsProtected() {
        start(Credentials.class, RefreshedCaller.class).close();

        assertOneBodyAndNoneBare();
    }

    @Test
    void aCallFromAnApplicationRunnerIsProtected() {
        new SpringApplicationBuilder(BootApplication.class)
                .web(WebApplicationType.NONE)
                .logStartupInfo(false)
                .properties("spring.main.banner-mode=off", "idempotent.store=caffeine")
                .run()
                .close();

        assertOneBodyAndNoneBare();
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                EarliestPostProcessor.class,
                FactoryPostProcessorThatNeedsTheService.class,
            })
    void aServiceThatIsMadeBeforeItCanBeProxiedStopsTheStart(Class<?> needy) {
        assertThatThrownBy(() -> start(Credentials.class, needy).close())
                .rootCause()
                .isInstanceOfSatisfying(IdempotencyConfigurationException.class, refusal -> {
                    assertThat(refusal.description()).contains("Credentials", "made before", "not protected");
                    assertThat(refusal.action()).contains("BeanPostProcessor", "ObjectProvider");
                });
        assertThat(Credentials.BODIES).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(classes = {CredentialsFactory.class, PrototypeCredentials.class})
    void whatIsMadeBeforeItCanBeProxiedStopsTheStartThoughNobodyWouldFindItLater(Class<?> credentials) {
        assertThatThrownBy(() -> start(credentials, EarliestPostProcessor.class).close())
                .rootCause()
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining("made before");
    }

    @Test
    void aServiceThatAnOrdinaryPostProcessorNeedsIsProtected() {
        try (var context = start(Credentials.class, PostProcessorThatNeedsTheService.class)) {
            Credentials.issueTwice(context.getBean(Credentials.class));
        }
        assertOneBodyAndNoneBare();
    }

    @Test
    void aPostProcessorThatLooksTheServiceUpLaterGetsItProtected() {
        try (var context = start(Credentials.class, LazyPostProcessor.class)) {
            Credentials.issueTwice(context.getBean(Credentials.class));
        }
        assertOneBodyAndNoneBare();
    }

    @Test
    void beansThatReferToEachOtherAreProtected() {
        try (var context = start(First.class, Second.class)) {
            context.getBean(Second.class).callTwice();
        }
        assertOneBodyAndNoneBare();
    }

    @Test
    void aFactoryBeansProductIsProtected() {
        try (var context = start(CredentialsFactory.class)) {
            Credentials.issueTwice(context.getBean(Credentials.class));
        }
        assertOneBodyAndNoneBare();
    }

    @ParameterizedTest
    @ValueSource(classes = {LazyCredentials.class, PrototypeCredentials.class, ScopedCredentials.class})
    void aBeanThatIsMadeLateIsProtected(Class<? extends Credentials> late) {
        try (var context = new AnnotationConfigApplicationContext()) {
            context.getBeanFactory().registerScope("thread", new SimpleThreadScope());
            context.register(Idempotency.class, late);
            context.refresh();

            Token first = context.getBean(late).issue(Credentials.REQUEST);
            assertThat(context.getBean(late).issue(Credentials.REQUEST)).isSameAs(first);
        }
        assertOneBodyAndNoneBare();
    }

    @Test
    void whatCannotBeProtectedIsRefusedAtTheStartThoughItIsMadeLate() {
        assertThatThrownBy(() -> start(LazyAndWrong.class).close())
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining("final");
    }

    @Test
    void aBeanThatIsProxiedTwiceByTwoCreatorsStopsTheStart() {
        assertThatThrownBy(() -> start(Credentials.class, DefaultAdvisorAutoProxyCreator.class)
                        .close())
                .isInstanceOfSatisfying(IdempotencyConfigurationException.class, refusal -> {
                    assertThat(refusal.description()).contains("Credentials", "twice");
                    assertThat(refusal.action()).contains("DefaultAdvisorAutoProxyCreator");
                });
    }

    @Test
    void aChildUsesTheStoreOfItsParent() {
        try (var parent = new AnnotationConfigApplicationContext(KeptStore.class);
                var child = new AnnotationConfigApplicationContext()) {
            child.setParent(parent);
            child.register(Idempotency.class, Credentials.class);
            child.refresh();

            Credentials.issueTwice(child.getBean(Credentials.class));

            assertThat(child.getBeanFactory().containsSingleton("caffeineIdempotencyStore"))
                    .isFalse();
            assertThat(parent.getBean(CaffeineIdempotencyStore.class).size()).isEqualTo(1);
        }
        assertOneBodyAndNoneBare();
    }

    @Test
    void parentAndChildThatBothEnableItProtectTheirBeansOnOneStore() {
        try (var parent = start(Credentials.class);
                var child = new AnnotationConfigApplicationContext()) {
            child.setParent(parent);
            child.register(Idempotency.class, LazyCredentials.class);
            child.refresh();

            assertThat(AopUtils.isAopProxy(child.getBean(LazyCredentials.class)))
                    .isTrue();
            Credentials.issueTwice(child.getBean(LazyCredentials.class));
            Credentials.issueTwice(parent.getBean(Credentials.class));
            assertThat(child.getBeanFactory().containsSingleton("caffeineIdempotencyStore"))
                    .isFalse();
        }
        assertThat(Credentials.BARE).hasValue(0);
    }

    private static void assertOneBodyAndNoneBare() {
        assertThat(Credentials.BODIES).hasValue(1);
        assertThat(Credentials.BARE).hasValue(0);
    }

    private static void assertNotRun(String made, Class<?>... beans) {
        assertThatThrownBy(() -> start(beans).close())
                .extracting(EarlyBeansTest::refusal)
                .satisfies(refusal -> {
                    assertThat(refusal.description())
                            .contains("Credentials.issue(Request)", "was called while", made, "was not run");
                    assertThat(refusal.action()).contains("store", "settings", "listener");
                });
        assertThat(Credentials.BODIES).hasValue(0);
    }

    private static IdempotencyConfigurationException refusal(Throwable thrown) {
        for (Throwable next = thrown; next != null; next = next.getCause()) {
            if (next instanceof IdempotencyConfigurationException refusal) {
                return refusal;
            }
        }
        throw new AssertionError("no refusal among the causes", thrown);
    }

    private static AnnotationConfigApplicationContext start(Class<?>... beans) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        context.register(Idempotency.class);
        context.register(beans);
        context.refresh();
        return context;
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class Idempotency {}

    @Configuration(proxyBeanMethods = false)
    @EnableAutoConfiguration
    static class BootApplication {

        @Bean
        Credentials credentials() {
            return new Credentials();
        }

        @Bean
        ApplicationRunner runner(Credentials credentials) {
            return arguments -> Credentials.issueTwice(credentials);
        }
    }

    static class NeedyDataSource {

        @Bean
        DataSource needyDataSource(Credentials credentials) {
            Credentials.issueTwice(credentials);
            return new DriverManagerDataSource("jdbc:h2:mem:");
        }
    }

    static class StoreOnDataSource {

        @Bean
        IdempotencyStore store(DataSource dataSource) {
            assertThat(dataSource).isNotNull();
            return CaffeineIdempotencyStore.builder().build();
        }
    }

    static class CallingStore {

        @Bean
        IdempotencyStore store(Credentials credentials) {
            Credentials.issueTwice(credentials);
            return CaffeineIdempotencyStore.builder().build();
        }
    }

    static class KeepingStore {

        @Bean
        IdempotencyStore store(Credentials credentials) {
            assertThat(credentials).isNotNull();
            return CaffeineIdempotencyStore.builder().build();
        }
    }

    static class StoreThatNeedsTheCaller {

        @Bean
        IdempotencyStore store(EarlyCaller caller) {
            assertThat(caller).isNotNull();
            return CaffeineIdempotencyStore.builder().build();
        }
    }

    static class StoreBeforeTheCaller extends StoreThatNeedsTheCaller {

        @Bean
        @Lazy
        EarlyCaller caller(Credentials credentials) {
            return new EarlyCaller(credentials);
        }
    }

    static class KeptStore {

        @Bean
        CaffeineIdempotencyStore store() {
            return CaffeineIdempotencyStore.builder().build();
        }
    }

    static class CallingSettings {

        @Bean
        IdempotencySettings settings(Credentials credentials) {
            Credentials.issueTwice(credentials);
            return IdempotencySettings.of(Map.of());
        }
    }

    static class CallingListener {

        @Bean
        IdempotencyListener listener(Credentials credentials) {
            Credentials.issueTwice(credentials);
            return new IdempotencyListener() {};
        }
    }

    static class EarlyCaller {

        private final Credentials credentials;

        EarlyCaller(Credentials credentials) {
            this.credentials = credentials;
        }

        @PostConstruct
        void call() {
            Credentials.issueTwice(credentials);
        }
    }

    static class RefreshedCaller {

        private final Credentials credentials;

        RefreshedCaller(Credentials credentials) {
            this.credentials = credentials;
        }

        @EventListener(ContextRefreshedEvent.class)
        public void call() {
            Credentials.issueTwice(credentials);
        }
    }

    static class PostProcessorThatNeedsTheService implements BeanPostProcessor {

        PostProcessorThatNeedsTheService(Credentials credentials) {
            assertThat(credentials).isNotNull();
        }
    }

    /** Its bean is made before the creator of proxies. */
    static class EarliestPostProcessor {

        @Bean
        static NeedyPostProcessor earliest(Credentials credentials) {
            return new NeedyPostProcessor(credentials);
        }
    }

    static class FactoryPostProcessorThatNeedsTheService {

        @Bean
        static BeanFactoryPostProcessor needy() {
            return beanFactory ->
                    assertThat(beanFactory.getBean(Credentials.class)).isNotNull();
        }
    }

    static class LazyPostProcessor {

        @Bean
        static NeedyPostProcessor lazy(@Lazy Credentials credentials) {
            return new NeedyPostProcessor(credentials);
        }
    }

    record NeedyPostProcessor(Credentials credentials) implements BeanPostProcessor, PriorityOrdered {

        @Override
        public int getOrder() {
            return 0;
        }
    }

    static class CredentialsFactory implements FactoryBean<Credentials> {

        @Override
        public Credentials getObject() {
            return new Credentials();
        }

        @Override
        public Class<?> getObjectType() {
            return Credentials.class;
        }
    }

    static class First {

        @Autowired
        private Second second;

        @Idempotent(key = "#request.id")
        Token issue(Request request) {
            assertThat(second).isNotNull();
            return Credentials.body();
        }
    }

    static class Second {

        @Autowired
        private First first;

        void callTwice() {
            assertThat(first.issue(Credentials.REQUEST)).isEqualTo(first.issue(Credentials.REQUEST));
        }
    }

    @Lazy
    static class LazyCredentials extends Credentials {

        @Override
        @Idempotent(key = "#request.id")
        Token issue(Request request) {
            return body();
        }
    }

    @Scope("prototype")
    static class PrototypeCredentials extends Credentials {}

    @Scope(scopeName = "thread", proxyMode = ScopedProxyMode.TARGET_CLASS)
    static class ScopedCredentials extends Credentials {}

    @Lazy
    static class LazyAndWrong {

        @Idempotent(key = "#request.id")
        public final Token issue(Request request) {
            return Credentials.body();
        }
    }
}
