package io.idempotent.spring.reactive;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.idempotent.IdempotencyConfigurationException;
import io.idempotent.IdempotencyKey;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.PlatformTransactionManager;
import org.springframework.transaction.ReactiveTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.reactive.AbstractReactiveTransactionManager;
import org.springframework.transaction.reactive.GenericReactiveTransaction;
import org.springframework.transaction.reactive.TransactionSynchronizationManager;
import org.springframework.transaction.reactive.TransactionalOperator;
import org.springframework.transaction.support.TransactionTemplate;
import reactor.core.publisher.Mono;

/** How methods that end later go together with transactions, of threads and of Reactor. */
class AsyncTransactionsTest {

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Application {}

    /** Begins transactions that do nothing, and remembers how they ended. */
    static final class RecordedTransactions extends AbstractReactiveTransactionManager {

        private static final long serialVersionUID = 1;

        private final transient List<String> ended = new CopyOnWriteArrayList<>();

        @Override
        protected Object doGetTransaction(TransactionSynchronizationManager current) {
            return this;
        }

        @Override
        protected boolean isExistingTransaction(Object transaction) {
            return false;
        }

        @Override
        protected Mono<Void> doBegin(
                TransactionSynchronizationManager current, Object transaction, TransactionDefinition definition) {
            return Mono.fromRunnable(() -> ended.add("begun"));
        }

        @Override
        protected Mono<Void> doCommit(TransactionSynchronizationManager current, GenericReactiveTransaction status) {
            return Mono.fromRunnable(() -> ended.add("committed"));
        }

        @Override
        protected Mono<Void> doRollback(TransactionSynchronizationManager current, GenericReactiveTransaction status) {
            return Mono.fromRunnable(() -> ended.add("rolled back"));
        }
    }

    static class Plain {

        @Idempotent(key = "#id")
        public CompletableFuture<String> future(String id) {
            return CompletableFuture.completedFuture(id);
        }

        @Idempotent(key = "#id")
        public Mono<String> mono(String id) {
            return Mono.just(id);
        }
    }

    static class Transacted {

        @Idempotent(key = "#id")
        @Transactional(noRollbackFor = Declined.class)
        public Mono<String> pay(String id) {
            return id.equals("bad")
                    ? Mono.error(new Uncertain("no"))
                    : id.equals("declined") ? Mono.error(new Declined("poor")) : Mono.just("paid " + id);
        }

        @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 1, delay = "1ms"))
        @Transactional(noRollbackFor = Declined.class)
        public Mono<String> repeated(String id) {
            return Mono.deferContextual(view -> ReactiveIdempotencyContext.current()
                    .flatMap(context ->
                            Mono.error(context.attempt() == 1 ? new Declined("poor") : new Uncertain("no"))));
        }
    }

    static class TransactedFuture {

        @Idempotent(key = "#id")
        @Transactional
        public CompletableFuture<String> pay(String id) {
            return CompletableFuture.completedFuture(id);
        }
    }

    static class TransactedMono {

        @Idempotent(key = "#id")
        @Transactional
        public Mono<String> pay(String id) {
            return Mono.just(id);
        }
    }

    @Transactional
    static class WithoutTransaction {

        @Idempotent(key = "#id")
        @Transactional(propagation = Propagation.NOT_SUPPORTED)
        public CompletableFuture<String> pay(String id) {
            return CompletableFuture.completedFuture(id);
        }
    }

    static class AtomicMono {

        @Idempotent(key = "#id", atomic = true)
        public Mono<String> pay(String id) {
            return Mono.just(id);
        }
    }

    static class AtomicFuture {

        @Idempotent(key = "#id", atomic = true)
        public CompletableFuture<String> pay(String id) {
            return CompletableFuture.completedFuture(id);
        }
    }

    private static void with(boolean reactive, Class<?> bean, Consumer<AnnotationConfigApplicationContext> use) {
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.registerBean(
                    "store",
                    CaffeineIdempotencyStore.class,
                    () -> CaffeineIdempotencyStore.builder().build());
            if (reactive) {
                context.registerBean("transactions", RecordedTransactions.class);
            } else {
                JdbcDataSource dataSource = new JdbcDataSource();
                dataSource.setUrl("jdbc:h2:mem:async");
                context.registerBean(
                        "transactions", JdbcTransactionManager.class, () -> new JdbcTransactionManager(dataSource));
            }
            context.register(Application.class, bean);
            context.refresh();
            use.accept(context);
        }
    }

    @ParameterizedTest
    @ValueSource(classes = {TransactedFuture.class, TransactedMono.class})
    void aTransactionOfTheThreadIsRefusedAtStartup(Class<?> bean) {
        assertThatThrownBy(() -> with(false, bean, context -> {}))
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining("is begun by no reactive transaction manager");
    }

    @Test
    void aMethodThatDeclaresToHaveNoTransactionIsAccepted() {
        with(
                false,
                WithoutTransaction.class,
                context -> assertThat(context.getBean(WithoutTransaction.class)
                                .pay("a")
                                .join())
                        .isEqualTo("a"));
    }

    @ParameterizedTest
    @ValueSource(classes = {AtomicFuture.class, AtomicMono.class})
    void anAtomicMethodIsRefusedAtStartup(Class<?> bean) {
        assertThatThrownBy(() -> with(false, bean, context -> {}))
                .isInstanceOf(IdempotencyConfigurationException.class)
                .hasMessageContaining("is atomic, and returns before its work is done");
    }

    @Test
    void aCallInATransactionOfTheThreadIsRefusedInWhatIsReturned() {
        with(false, Plain.class, context -> {
            Plain plain = context.getBean(Plain.class);
            new TransactionTemplate(context.getBean(PlatformTransactionManager.class)).executeWithoutResult(status -> {
                CompletableFuture<String> future = plain.future("a");
                assertThatThrownBy(future::join).hasMessageContaining("was called in a transaction");
                assertThatThrownBy(plain.mono("b")::block).hasMessageContaining("was called in a transaction");
            });
            assertThat(plain.future("a").join()).isEqualTo("a");
            assertThat(plain.mono("b").block()).isEqualTo("b");
        });
    }

    @Test
    void aReactiveTransactionIsPartOfTheWork() {
        with(true, Transacted.class, context -> {
            Transacted transacted = context.getBean(Transacted.class);
            assertThat(transacted.pay("a").block()).isEqualTo("paid a");
            assertThat(transacted.pay("a").block()).isEqualTo("paid a");
            assertThat(context.getBean(RecordedTransactions.class).ended).containsExactly("begun", "committed");
        });
    }

    @Test
    void aReactiveTransactionThatIsRolledBackReleasesTheKey() {
        with(true, Transacted.class, context -> {
            assertThatThrownBy(context.getBean(Transacted.class).pay("bad")::block)
                    .isInstanceOf(Uncertain.class);
            assertThat(context.getBean(RecordedTransactions.class).ended).containsExactly("begun", "rolled back");
            assertThat(context.getBean(IdempotencyStore.class).find(IdempotencyKey.of("transacted-pay", "bad")))
                    .isNull();
        });
    }

    @Test
    void aFailureOnWhichAReactiveTransactionCommitsLeavesTheOutcomeUnknown() {
        with(true, Transacted.class, context -> {
            assertThatThrownBy(context.getBean(Transacted.class).pay("declined")::block)
                    .isInstanceOf(Declined.class);
            assertThat(context.getBean(RecordedTransactions.class).ended).containsExactly("begun", "committed");
            assertThat(context.getBean(IdempotencyStore.class).find(IdempotencyKey.of("transacted-pay", "declined")))
                    .matches(record -> record != null && record.isAbandoned());
        });
    }

    @Test
    void anEarlierAttemptThatWasCommittedLeavesTheOutcomeUnknown() {
        with(true, Transacted.class, context -> {
            assertThatThrownBy(context.getBean(Transacted.class).repeated("a")::block)
                    .isInstanceOf(Uncertain.class);
            assertThat(context.getBean(RecordedTransactions.class).ended)
                    .containsExactly("begun", "committed", "begun", "rolled back");
            assertThat(context.getBean(IdempotencyStore.class).find(IdempotencyKey.of("transacted-repeated", "a")))
                    .matches(record -> record != null && record.isAbandoned());
        });
    }

    @Test
    void aCallInAReactiveTransactionIsRefused() {
        with(true, Plain.class, context -> {
            Plain plain = context.getBean(Plain.class);
            TransactionalOperator operator =
                    TransactionalOperator.create(context.getBean(ReactiveTransactionManager.class));
            assertThatThrownBy(plain.mono("a").as(operator::transactional)::block)
                    .hasMessageContaining("was called in a reactive transaction");
            assertThat(context.getBean(IdempotencyStore.class).find(IdempotencyKey.of("plain-mono", "a")))
                    .isNull();
            assertThat(plain.mono("a").block()).isEqualTo("a");
        });
    }
}
