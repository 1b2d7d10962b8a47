package io.idempotent.spring.transaction;

import io.idempotent.spring.annotation.Idempotent;
import io.idempotent.spring.operation.WhenAbandoned;
import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.springframework.dao.TransientDataAccessResourceException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.transaction.annotation.Propagation;
import org.springframework.transaction.annotation.Transactional;

/** Methods with each kind of transaction of their own. What each does is a row with its key. */
class Payments {

    private final JdbcTemplate jdbc;
    private final AtomicInteger runs = new AtomicInteger();
    private volatile @Nullable Callable<String> meanwhile;

    Payments(JdbcTemplate jdbc) {
        this.jdbc = jdbc;
    }

    /** What the methods do, after their rows, from now on. */
    void meanwhile(@Nullable Callable<String> work) {
        meanwhile = work;
    }

    int runs() {
        return runs.get();
    }

    private String work(String id) {
        jdbc.update("insert into payment values (?)", id);
        String receipt = "receipt " + runs.incrementAndGet();
        Callable<String> work = meanwhile;
        if (work == null) {
            return receipt;
        }
        try {
            return work.call();
        } catch (Exception failure) {
            Payments.<RuntimeException>raise(failure);
            throw new AssertionError("raised");
        }
    }

    /** Throws what the methods declare, from where it cannot be declared. */
    @SuppressWarnings("unchecked")
    private static <E extends Exception> void raise(Exception failure) throws E {
        throw (E) failure;
    }

    /** Without a transaction of its own. */
    @Idempotent(key = "#id", fingerprint = "#amount")
    public String bare(String id, int amount) {
        return work(id);
    }

    @Idempotent(key = "#id")
    @Transactional
    public String joining(String id) throws IOException {
        return work(id);
    }

    @Idempotent(key = "#id")
    @Transactional(propagation = Propagation.NESTED)
    public String nested(String id) {
        return work(id);
    }

    @Idempotent(key = "#id")
    @Transactional(propagation = Propagation.REQUIRES_NEW)
    public String apart(String id) throws IOException {
        return work(id);
    }

    @Idempotent(key = "#id")
    @Transactional(propagation = Propagation.NOT_SUPPORTED)
    public String without(String id) throws IOException {
        return work(id);
    }

    @Idempotent(key = "#id")
    @Transactional(propagation = Propagation.SUPPORTS)
    public String supporting(String id) throws IOException {
        return work(id);
    }

    @Idempotent(key = "#id")
    @Transactional(rollbackFor = IOException.class)
    public String undoing(String id) throws IOException {
        return work(id);
    }

    @Idempotent(key = "#id")
    @Transactional(noRollbackFor = IllegalStateException.class)
    public String keeping(String id) {
        return work(id);
    }

    @Idempotent(key = "#id", recordFailures = IOException.class)
    @Transactional
    public String recording(String id) throws IOException {
        return work(id);
    }

    @Idempotent(
            key = "#id",
            retry =
                    @Idempotent.Retry(
                            maxRetries = 2,
                            delay = "1ms",
                            includes = TransientDataAccessResourceException.class))
    @Transactional
    public String retryingJoining(String id) {
        return work(id);
    }

    @Idempotent(
            key = "#id",
            retry =
                    @Idempotent.Retry(
                            maxRetries = 2,
                            delay = "1ms",
                            includes = TransientDataAccessResourceException.class))
    public String retryingBare(String id) {
        return work(id);
    }

    @Idempotent(key = "#id", retry = @Idempotent.Retry(maxRetries = 1, delay = "1ms"))
    @Transactional(noRollbackFor = IOException.class)
    public String retryingKeeping(String id) throws IOException {
        return work(id);
    }

    @Idempotent(key = "#id", recordFailures = IllegalStateException.class)
    @Transactional
    public String recordingAndUndoing(String id) {
        return work(id);
    }

    @Idempotent(key = "#id", whenAbandoned = WhenAbandoned.REFUSE)
    @Transactional
    public String sending(String id) {
        return work(id);
    }

    @Idempotent(key = "#id")
    @Transactional(readOnly = true)
    public String reading(String id) {
        return work(id);
    }

    @Idempotent(key = "#id", unless = "#result.startsWith('receipt')")
    public String unrecorded(String id) {
        return work(id);
    }
}
