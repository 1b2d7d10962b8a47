package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.FactoryBean;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * Beans that are proxies or lambdas themselves, as clients made of interfaces are: their final classes do not matter.
 */
class ProxiesAsBeansTest {

    /** A client whose implementation somebody else makes. */
    interface Client {

        @Idempotent(key = "#id")
        String charge(String id);
    }

    private static Client proxy(AtomicInteger calls) {
        return (Client) Proxy.newProxyInstance(
                Client.class.getClassLoader(),
                new Class<?>[] {Client.class},
                (self, method, arguments) -> switch (method.getName()) {
                    case "charge" -> "receipt " + calls.incrementAndGet();
                    case "hashCode" -> System.identityHashCode(self);
                    default -> null;
                });
    }

    @Configuration(proxyBeanMethods = false)
    static class OfAProxy {

        @Bean
        Client client(AtomicInteger calls) {
            return proxy(calls);
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OfALambda {

        @Bean
        Client client(AtomicInteger calls) {
            return id -> "receipt " + calls.incrementAndGet();
        }
    }

    @Configuration(proxyBeanMethods = false)
    static class OfAFactory {

        @Bean
        FactoryBean<Client> client(AtomicInteger calls) {
            return new FactoryBean<>() {
                @Override
                public Client getObject() {
                    return proxy(calls);
                }

                @Override
                public Class<?> getObjectType() {
                    return Client.class;
                }
            };
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class ByInterfaces {}

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency(proxyTargetClass = true)
    static class ByClasses {}

    @ParameterizedTest
    @ValueSource(classes = {OfAProxy.class, OfALambda.class, OfAFactory.class})
    void areProtectedWhereInterfacesAreProxied(Class<?> configuration) {
        assertOneCall(ByInterfaces.class, configuration);
    }

    @ParameterizedTest
    @ValueSource(classes = {OfAProxy.class, OfALambda.class, OfAFactory.class})
    void areProtectedWhereClassesAreProxied(Class<?> configuration) {
        assertOneCall(ByClasses.class, configuration);
    }

    private static void assertOneCall(Class<?> enabled, Class<?> configuration) {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            AtomicInteger calls = new AtomicInteger();
            context.registerBean(AtomicInteger.class, () -> calls);
            context.register(enabled, configuration);
            context.refresh();
            Client client = context.getBean(Client.class);

            assertThat(client.charge("a")).isEqualTo(client.charge("a"));
            assertThat(calls).hasValue(1);
        }
    }
}
