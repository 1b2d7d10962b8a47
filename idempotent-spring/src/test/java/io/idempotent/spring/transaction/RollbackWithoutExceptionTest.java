package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyContext;
import io.idempotent.IdempotencyKey;
import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.transaction.Application.Store;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.caffeine.CaffeineIdempotencyStore;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Configuration;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.UnexpectedRollbackException;
import org.springframework.transaction.annotation.EnableTransactionManagement;
import org.springframework.transaction.annotation.Transactional;
import org.springframework.transaction.interceptor.TransactionAspectSupport;
import org.springframework.transaction.support.TransactionTemplate;

/** Methods that return normally after they have told a transaction to roll back. */
class RollbackWithoutExceptionTest {

    private final List<Application> applications = new ArrayList<>();

    private Application start(Store store) {
        Application application = new Application(store);
        applications.add(application);
        application.payments.meanwhile(RollbackWithoutExceptionTest::undo);
        return application;
    }

    private static String undo() {
        TransactionAspectSupport.currentTransactionStatus().setRollbackOnly();
        return "undone";
    }

    private static String joining(Application application, String id) {
        try {
            return application.payments.joining(id);
        } catch (IOException failure) {
            throw new AssertionError(failure);
        }
    }

    @AfterEach
    void close() {
        applications.forEach(Application::close);
    }

    private static void isFreeAndRunsAgain(Application application, String operation) throws Exception {
        assertThat(application.committed("a")).isZero();
        assertThat(application.state(operation, "a")).isEqualTo("free");
        application.payments.meanwhile(null);
    }

    // the method's own transaction

    @Test
    void theValueIsReturnedAndTheKeyIsFree() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store);
            assertThat(joining(application, "a")).isEqualTo("undone");
            assertThat(application.events.drain()).containsExactly("claimed", "released");
            isFreeAndRunsAgain(application, "joining");
            assertThat(joining(application, "a")).isEqualTo("receipt 2");
            assertThat(joining(application, "a")).isEqualTo("receipt 2");
            assertThat(application.events.drain()).containsExactly("claimed", "completed", "replayed");
        }
    }

    @Test
    void aTransactionThatIsSaidToBeReadOnlyIsNoExceptionToThat() throws Exception {
        Application application = start(Store.IN_MEMORY);
        assertThat(application.payments.reading("a")).isEqualTo("undone");
        isFreeAndRunsAgain(application, "reading");
    }

    @Test
    void theKeyIsAbandonedWhereTheOperationHasEffectsOutside() throws Exception {
        Application application = start(Store.IN_MEMORY);
        assertThat(application.payments.sending("a")).isEqualTo("undone");
        assertThat(application.state("sending", "a")).isEqualTo("abandoned");
        assertThat(application.events.drain()).containsExactly("claimed", "abandoned");
    }

    @Test
    void aPartThatCommittedApartDoesNotMakeItDone() throws Exception {
        Application application = start(Store.IN_MEMORY);
        TransactionTemplate apart = application.propagation(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        application.payments.meanwhile(() -> {
            apart.executeWithoutResult(status -> application.jdbc.update("insert into payment values ('audit')"));
            return undo();
        });
        assertThat(joining(application, "a")).isEqualTo("undone");
        assertThat(application.committed("audit")).isOne();
        isFreeAndRunsAgain(application, "joining");
    }

    @Test
    void aPartThatWasUndoneApartDoesNotMakeItUndone() throws Exception {
        Application application = start(Store.IN_MEMORY);
        for (int propagation :
                new int[] {TransactionDefinition.PROPAGATION_REQUIRES_NEW, TransactionDefinition.PROPAGATION_NESTED}) {
            String id = "a" + propagation;
            TransactionTemplate part = application.propagation(propagation);
            application.payments.meanwhile(() -> {
                part.executeWithoutResult(status -> {
                    application.jdbc.update("insert into payment values ('part')");
                    status.setRollbackOnly();
                });
                return "done";
            });
            assertThat(joining(application, id)).isEqualTo("done");
            assertThat(application.committed(id)).isOne();
            assertThat(application.committed("part")).isZero();
            assertThat(application.state("joining", id)).isEqualTo("completed");
        }
    }

    @Test
    void aPartThatJoinedAndIsUndoneIsAnExceptionAsEver() throws Exception {
        Application application = start(Store.IN_MEMORY);
        application.payments.meanwhile(() -> {
            application.transaction.executeWithoutResult(status -> status.setRollbackOnly());
            return "done";
        });
        assertThatExceptionOfType(UnexpectedRollbackException.class).isThrownBy(() -> joining(application, "a"));
        isFreeAndRunsAgain(application, "joining");
    }

    // retries

    @Test
    void theLastAttemptDecides() throws Exception {
        Application application = start(Store.IN_MEMORY);
        application.payments.meanwhile(() -> {
            if (IdempotencyContext.current().attempt() == 1) {
                throw new TransientDataAccessResourceException("try again");
            }
            return "done";
        });
        assertThat(application.payments.retryingJoining("a")).isEqualTo("done");
        assertThat(application.state("retrying-joining", "a")).isEqualTo("completed");
        application.payments.meanwhile(() -> {
            if (IdempotencyContext.current().attempt() == 1) {
                throw new TransientDataAccessResourceException("try again");
            }
            return undo();
        });
        assertThat(application.payments.retryingJoining("b")).isEqualTo("undone");
        assertThat(application.state("retrying-joining", "b")).isEqualTo("free");
    }

    @Test
    void whatAnEarlierAttemptCommittedIsNotForgotten() throws Exception {
        Application application = start(Store.IN_MEMORY);
        application.payments.meanwhile(() -> {
            if (IdempotencyContext.current().attempt() == 1) {
                throw new IOException("timeout");
            }
            return undo();
        });
        assertThat(application.payments.retryingKeeping("a")).isEqualTo("undone");
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("retrying-keeping", "a")).isEqualTo("abandoned");
    }

    // in a caller's transaction

    @Test
    void aMethodThatJoinedItsCallersUndoesThatToo() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store);
            assertThatExceptionOfType(UnexpectedRollbackException.class)
                    .isThrownBy(() -> application.transaction.executeWithoutResult(
                            status -> assertThat(joining(application, "a")).isEqualTo("undone")));
            assertThat(application.events.drain()).containsExactly("claimed", "released");
            isFreeAndRunsAgain(application, "joining");
        }
    }

    @Test
    void aCallerThatUndoesItAfterwardsFreesTheKey() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store);
            application.payments.meanwhile(null);
            application.transaction.executeWithoutResult(status -> {
                assertThat(joining(application, "a")).isEqualTo("receipt 1");
                status.setRollbackOnly();
            });
            assertThat(application.events.drain()).containsExactly("claimed", "released");
            isFreeAndRunsAgain(application, "joining");
        }
    }

    @Test
    void aTransactionApartOrNestedIsUndoneAloneAndTheCallersGoesOn() throws Exception {
        for (Store store : Store.values()) {
            Application application = start(store);
            application.transaction.executeWithoutResult(status -> {
                application.jdbc.update("insert into payment values ('caller')");
                assertThat(application.payments.nested("a")).isEqualTo("undone");
                try {
                    assertThat(application.payments.apart("a")).isEqualTo("undone");
                } catch (IOException failure) {
                    throw new AssertionError(failure);
                }
                assertThat(application.events.drain()).containsExactly("claimed", "released", "claimed", "released");
            });
            assertThat(application.committed("caller")).isOne();
            assertThat(application.state("apart", "a")).isEqualTo("free");
            isFreeAndRunsAgain(application, "nested");
        }
    }

    // transactions by code, in a method that has none

    private static void work(Application application, TransactionTemplate template, String id, boolean undone) {
        template.executeWithoutResult(status -> {
            application.jdbc.update("insert into payment values (?)", id);
            if (undone) {
                status.setRollbackOnly();
            }
        });
    }

    @Test
    void aMethodWhoseOnlyTransactionIsUndoneFreesTheKey() throws Exception {
        Application application = start(Store.IN_MEMORY);
        application.payments.meanwhile(() -> {
            work(application, application.transaction, "inside", true);
            return "undone";
        });
        assertThat(application.payments.supporting("a")).isEqualTo("undone");
        assertThat(application.committed("inside")).isZero();
        assertThat(application.state("supporting", "a")).isEqualTo("free");
    }

    @Test
    void aMethodOfWhichOneTransactionCommittedIsDone() throws Exception {
        Application application = start(Store.IN_MEMORY);
        for (boolean first : new boolean[] {true, false}) {
            application.payments.meanwhile(() -> {
                work(application, application.transaction, "one" + first, first);
                work(application, application.transaction, "other" + first, !first);
                return "one of two";
            });
            assertThat(application.payments.supporting("a" + first)).isEqualTo("one of two");
            assertThat(application.committed("one" + first) + application.committed("other" + first))
                    .isOne();
            assertThat(application.state("supporting", "a" + first)).isEqualTo("completed");
        }
    }

    @Test
    void aTransactionThatFailedAndWasOutlivedDoesNotSayThatNothingWasDone() throws Exception {
        Application application = start(Store.IN_MEMORY);
        application.payments.meanwhile(() -> {
            try {
                application.transaction.executeWithoutResult(status -> {
                    throw new TransientDataAccessResourceException("the audit's table is full");
                });
            } catch (TransientDataAccessResourceException known) {
                return "charged, and not audited";
            }
            return "never";
        });
        assertThat(application.payments.supporting("a")).isEqualTo("charged, and not audited");
        assertThat(application.state("supporting", "a")).isEqualTo("completed");
    }

    @Test
    void aTransactionThatOnlyReadDoesNotSayThatNothingWasDone() throws Exception {
        Application application = start(Store.IN_MEMORY);
        TransactionTemplate reading = new TransactionTemplate(application.transactionManager);
        reading.setReadOnly(true);
        application.payments.meanwhile(() -> {
            reading.executeWithoutResult(status -> status.setRollbackOnly());
            return "done";
        });
        assertThat(application.payments.supporting("a")).isEqualTo("done");
        assertThat(application.state("supporting", "a")).isEqualTo("completed");
    }

    @Test
    void aPartApartOfAMethodInItsCallersTransactionDecidesNothing() throws Exception {
        Application application = start(Store.IN_MEMORY);
        TransactionTemplate apart = application.propagation(TransactionDefinition.PROPAGATION_REQUIRES_NEW);
        application.payments.meanwhile(() -> {
            work(application, apart, "inside", true);
            return "done";
        });
        application.transaction.executeWithoutResult(
                status -> assertThat(joining(application, "a")).isEqualTo("done"));
        assertThat(application.committed("a")).isOne();
        assertThat(application.state("joining", "a")).isEqualTo("completed");
    }

    // several transaction managers

    static class Shipping {

        @Idempotent(key = "#id", operation = "ship")
        @Transactional("shipping")
        public String ship(String id) {
            return undo();
        }
    }

    static class Ordering {

        private final Shipping shipping;

        Ordering(Shipping shipping) {
            this.shipping = shipping;
        }

        @Transactional("ordering")
        public String order(String id) {
            return shipping.ship(id);
        }
    }

    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    @EnableTransactionManagement
    static class Infrastructure {}

    private static JdbcTransactionManager manager() {
        JdbcDataSource database = new JdbcDataSource();
        database.setUrl("jdbc:h2:mem:" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
        return new JdbcTransactionManager(database);
    }

    @Test
    void aTransactionOfAnotherManagerInsideOfTheCallersIsUndoneAlone() {
        CaffeineIdempotencyStore store = CaffeineIdempotencyStore.create();
        try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
            context.register(Infrastructure.class, Shipping.class, Ordering.class);
            context.registerBean("ordering", JdbcTransactionManager.class, RollbackWithoutExceptionTest::manager);
            context.registerBean("shipping", JdbcTransactionManager.class, RollbackWithoutExceptionTest::manager);
            context.registerBean(IdempotencyStore.class, () -> store);
            context.refresh();
            assertThat(context.getBean(Ordering.class).order("a")).isEqualTo("undone");
            assertThat(store.find(IdempotencyKey.of("ship", "a"))).isNull();
        }
    }
}
