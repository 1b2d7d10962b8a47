package io.idempotent.spring.annotation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKeyReusedException;
import io.idempotent.Reconciliation;
import java.io.InputStream;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.env.MapPropertySource;

/** What a generic superclass or interface leaves open is what the class of the bean says. */
class GenericMethodsTest {

    record Order(String id, int amount) {}

    interface Repository<T> {

        @Idempotent(key = "#id", operation = "save")
        T save(String id, T entity);
    }

    abstract static class Base<T> implements Repository<T> {

        int runs;

        @Override
        public T save(String id, T entity) {
            runs++;
            return entity;
        }
    }

    static class Orders extends Base<Order> {}

    static class OrderLists extends Base<List<Order>> {}

    static class Overriding extends Base<Map<String, Order>> {

        @Override
        public Map<String, Order> save(String id, Map<String, Order> entity) {
            return super.save(id, entity);
        }
    }

    abstract static class Nested<T> {

        @Idempotent(key = "#id", operation = "nested")
        public List<List<T>> all(String id, List<T> some) {
            return List.of(some, some);
        }
    }

    static class NestedOrders extends Nested<Order> {}

    interface WithDefault<T> {

        @Idempotent(key = "#id", operation = "default")
        default List<T> twice(String id, T entity) {
            return List.of(entity, entity);
        }
    }

    interface DefaultOrders extends WithDefault<Order> {}

    static class Defaults implements DefaultOrders {}

    static class Streams extends Base<InputStream> {}

    abstract static class Reconciled<T> {

        @Idempotent(key = "#id", operation = "reconciled", reconcileWith = "find")
        public T save(String id, T entity) {
            return entity;
        }

        abstract Reconciliation<T> find(String id, T entity);
    }

    static class ReconciledOrders extends Reconciled<Order> {

        @Override
        Reconciliation<Order> find(String id, Order entity) {
            return Reconciliation.notDone();
        }
    }

    @Configuration
    @EnableIdempotency(proxyTargetClass = true)
    static class Classes {}

    @Configuration
    @EnableIdempotency
    static class Interfaces {}

    private static <T> AnnotationConfigApplicationContext start(
            Class<?> configuration, Class<T> type, Supplier<T> supplier) {
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
        // Outcomes are encoded and decoded by their types.
        context.getEnvironment()
                .getPropertySources()
                .addFirst(new MapPropertySource("test", Map.of("idempotent.caffeine.store-by-value", "true")));
        context.register(configuration);
        context.registerBean("bean", type, supplier);
        context.refresh();
        return context;
    }

    @Test
    void aTypeArgumentIsTheTypeOfTheOutcome() {
        try (var context = start(Classes.class, Orders.class, Orders::new)) {
            Orders orders = context.getBean(Orders.class);

            assertThat(orders.save("1", new Order("1", 2))).isEqualTo(new Order("1", 2));
            assertThat(orders.save("1", new Order("1", 2))).isEqualTo(new Order("1", 2));
            assertThatThrownBy(() -> orders.save("1", new Order("1", 3)))
                    .isInstanceOf(IdempotencyKeyReusedException.class);
        }
    }

    @Test
    void aGenericTypeArgumentKeepsItsOwnArguments() {
        try (var context = start(Classes.class, OrderLists.class, OrderLists::new)) {
            OrderLists lists = context.getBean(OrderLists.class);
            List<Order> orders = List.of(new Order("1", 2));

            assertThat(lists.save("1", orders)).isEqualTo(orders);
            assertThat(lists.save("1", orders)).isEqualTo(orders);
        }
    }

    @Test
    void aMethodThatOverridesAGenericOneIsProtectedThroughItsBridge() {
        for (Class<?> configuration : List.of(Classes.class, Interfaces.class)) {
            try (var context = start(configuration, Overriding.class, Overriding::new)) {
                @SuppressWarnings("unchecked")
                Repository<Map<String, Order>> repository = context.getBean("bean", Repository.class);
                Map<String, Order> orders = Map.of("one", new Order("1", 2));

                assertThat(repository.save("1", orders)).isEqualTo(orders);
                assertThat(repository.save("1", orders)).isEqualTo(orders);
            }
        }
    }

    @Test
    void variablesAreResolvedHoweverDeepTheyStand() {
        try (var context = start(Classes.class, NestedOrders.class, NestedOrders::new)) {
            NestedOrders nested = context.getBean(NestedOrders.class);
            List<Order> orders = List.of(new Order("1", 2));

            assertThat(nested.all("1", orders)).isEqualTo(List.of(orders, orders));
            assertThat(nested.all("1", orders)).isEqualTo(List.of(orders, orders));
        }
    }

    @Test
    void aDefaultMethodOfAnInterfaceReturnsWhatTheClassSays() {
        for (Class<?> configuration : List.of(Classes.class, Interfaces.class)) {
            try (var context = start(configuration, Defaults.class, Defaults::new)) {
                DefaultOrders orders = context.getBean(DefaultOrders.class);
                Order order = new Order("1", 2);

                assertThat(orders.twice("1", order)).containsExactly(order, order);
                assertThat(orders.twice("1", order)).containsExactly(order, order);
            }
        }
    }

    interface OrderRepository extends Repository<List<Order>> {}

    @Test
    void aBeanThatIsAProxyOfTheJdkReturnsWhatItsInterfaceSays() {
        Supplier<OrderRepository> proxy = () -> (OrderRepository) Proxy.newProxyInstance(
                GenericMethodsTest.class.getClassLoader(),
                new Class<?>[] {OrderRepository.class},
                (object, method, arguments) ->
                        method.getName().equals("save") ? arguments[1] : method.invoke(proxy(), arguments));
        try (var context = start(Interfaces.class, OrderRepository.class, proxy)) {
            OrderRepository repository = context.getBean(OrderRepository.class);
            List<Order> orders = List.of(new Order("1", 2));

            assertThat(repository.save("1", orders)).isEqualTo(orders);
            assertThat(repository.save("1", orders)).isEqualTo(orders);
        }
    }

    private static Object proxy() {
        return "proxy";
    }

    @Test
    void aTypeArgumentThatCannotBeRepeatedIsRefused() {
        assertThatThrownBy(() -> start(Classes.class, Streams.class, Streams::new))
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining("returns java.io.InputStream");
    }

    @Test
    void aMethodThatReconcilesMayTakeTheTypeArgument() {
        try (var context = start(Classes.class, ReconciledOrders.class, ReconciledOrders::new)) {
            Order order = new Order("1", 2);

            assertThat(context.getBean(ReconciledOrders.class).save("1", order)).isEqualTo(order);
        }
    }
}
