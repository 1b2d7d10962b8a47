package io.idempotent.spring.transaction;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.idempotent.IdempotencyStoreException;
import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.store.TransactionalIdempotencyStore;
import io.idempotent.store.jdbc.JdbcIdempotencyStore;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.Test;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.jdbc.support.JdbcTransactionManager;
import org.springframework.transaction.UnexpectedRollbackException;
import org.springframework.transaction.support.TransactionTemplate;

/**
 * A caller's transaction that the database undoes as a whole while a key is claimed in it, as the victim of a deadlock.
 */
class AtomicUndoneTransactionTest {

    static class Service {
        @Idempotent(key = "#id", operation = "pay", atomic = true)
        public String pay(String id) {
            return id;
        }
    }

    /** A store on whose claims the database undoes the transaction, and tells so or says that the key is held. */
    private static TransactionalIdempotencyStore undoing(TransactionalIdempotencyStore store, boolean tells) {
        return (TransactionalIdempotencyStore) Proxy.newProxyInstance(
                AtomicUndoneTransactionTest.class.getClassLoader(),
                new Class<?>[] {TransactionalIdempotencyStore.class},
                (proxy, method, arguments) -> {
                    if (method.getName().equals("unwrap")) {
                        return ((Class<?>) arguments[0]).isInstance(proxy) ? proxy : null;
                    }
                    if (method.getName().equals("claimOn")) {
                        ((Connection) arguments[0]).rollback();
                        if (tells) {
                            throw new IdempotencyStoreException(
                                    "deadlock", null, new SQLException("deadlock", "40001"));
                        }
                        return null;
                    }
                    try {
                        return method.invoke(store, arguments);
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }

    @Test
    void aCallerCannotCommitWhatIsLeftOfIt() {
        for (boolean tells : new boolean[] {true, false}) {
            JdbcDataSource database = new JdbcDataSource();
            database.setUrl("jdbc:h2:mem:undone" + tells + ";DB_CLOSE_DELAY=-1");
            JdbcClient jdbc = JdbcClient.create(database);
            jdbc.sql("CREATE TABLE payment (id VARCHAR(100))").update();
            JdbcTransactionManager manager = new JdbcTransactionManager(database);
            JdbcIdempotencyStore store = JdbcIdempotencyStore.builder(database).build();
            try (AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext()) {
                context.register(AtomicApplication.Infrastructure.class, Service.class);
                context.registerBean(JdbcTransactionManager.class, () -> manager);
                context.registerBean(TransactionalIdempotencyStore.class, () -> undoing(store, tells));
                context.refresh();
                Service service = context.getBean(Service.class);

                assertThatExceptionOfType(UnexpectedRollbackException.class)
                        .isThrownBy(() -> new TransactionTemplate(manager).executeWithoutResult(status -> {
                            jdbc.sql("INSERT INTO payment VALUES ('before')").update();
                            assertThatExceptionOfType(IdempotencyStoreException.class)
                                    .isThrownBy(() -> service.pay("a"));
                            jdbc.sql("INSERT INTO payment VALUES ('after')").update();
                        }));
            }
            assertThat(jdbc.sql("SELECT COUNT(*) FROM payment")
                            .query(Long.class)
                            .single())
                    .isZero();
        }
    }
}
