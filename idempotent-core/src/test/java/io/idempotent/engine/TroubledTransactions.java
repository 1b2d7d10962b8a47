package io.idempotent.engine;

import io.idempotent.RecordedOutcome;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** Real transactions whose begins, claims and commits can be met by trouble, each kind in turn. Counts begins. */
final class TroubledTransactions implements StoreTransactions {

    /** What a request of a transaction meets on its way. */
    interface Trouble {

        /** Makes the request, or does not. */
        void meet(Troubled transaction);
    }

    private final StoreTransactions transactions;
    private final Queue<Trouble> beginnings = new ConcurrentLinkedQueue<>();
    private final Queue<Trouble> commits = new ConcurrentLinkedQueue<>();
    private final Queue<RuntimeException> claims = new ConcurrentLinkedQueue<>();
    private final AtomicInteger begun = new AtomicInteger();

    TroubledTransactions(StoreTransactions transactions) {
        this.transactions = transactions;
    }

    /** The next transaction meets this when it has begun. */
    void atBegin(Trouble trouble) {
        beginnings.add(trouble);
    }

    /** The next commit meets this instead. */
    void atCommit(Trouble trouble) {
        commits.add(trouble);
    }

    /** The next claim fails. */
    void failClaim(RuntimeException failure) {
        claims.add(failure);
    }

    int begun() {
        return begun.get();
    }

    @Override
    public @Nullable EnclosingTransaction enclosing() {
        return transactions.enclosing();
    }

    @Override
    public StoreTransaction begin() {
        begun.incrementAndGet();
        Troubled transaction = new Troubled(transactions.begin());
        Trouble trouble = beginnings.poll();
        if (trouble != null) {
            trouble.meet(transaction);
        }
        return transaction;
    }

    /** One of the transactions. */
    final class Troubled implements StoreTransaction {

        private final StoreTransaction transaction;
        private End end = End.UNKNOWN;
        private boolean rollbackOnly;

        private Troubled(StoreTransaction transaction) {
            this.transaction = transaction;
        }

        /** Commits in fact. */
        void commitInFact() {
            transaction.commit();
        }

        /** What is told of the commit. */
        void tell(End told) {
            end = told;
        }

        /** It can only be rolled back. */
        void setRollbackOnly() {
            rollbackOnly = true;
        }

        @Override
        public boolean isNew() {
            return transaction.isNew();
        }

        @Override
        public @Nullable ClaimResult claim(ClaimRequest request) {
            RuntimeException failure = claims.poll();
            if (failure != null) {
                throw failure;
            }
            return transaction.claim(request);
        }

        @Override
        public boolean isRollbackOnly() {
            return rollbackOnly || transaction.isRollbackOnly();
        }

        @Override
        public void flush() {
            transaction.flush();
        }

        @Override
        public boolean complete(Claim claim, RecordedOutcome outcome, Duration retention) {
            return transaction.complete(claim, outcome, retention);
        }

        @Override
        public boolean release(Claim claim) {
            return transaction.release(claim);
        }

        @Override
        public void commit() {
            Trouble trouble = commits.poll();
            if (rollbackOnly) {
                transaction.rollBack();
                end = End.ROLLED_BACK;
                throw new IllegalStateException("It can only be rolled back");
            }
            if (trouble == null) {
                transaction.commit();
            } else {
                trouble.meet(this);
            }
        }

        @Override
        public End end() {
            return end;
        }

        @Override
        public void rollBack() {
            transaction.rollBack();
        }

        @Override
        public void giveUp() {
            transaction.giveUp();
        }
    }
}
