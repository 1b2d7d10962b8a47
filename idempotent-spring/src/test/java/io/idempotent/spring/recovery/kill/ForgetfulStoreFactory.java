package io.idempotent.spring.recovery.kill;

import io.idempotent.kill.order.JdbcStoreFactory;
import io.idempotent.kill.order.StoreFactory;
import io.idempotent.store.Claim;
import io.idempotent.store.ClaimRequest;
import io.idempotent.store.ClaimResult;
import io.idempotent.store.ForwardingIdempotencyStore;
import io.idempotent.store.IdempotencyStore;
import io.idempotent.store.RecordedStep;
import java.util.List;

/**
 * A JDBC store that is broken: it forgets what was asked for by every fourth order, and of all orders that they
 * go backward.
 */
public final class ForgetfulStoreFactory implements StoreFactory {

    /** For the JVM that is told its name. */
    public ForgetfulStoreFactory() {}

    @Override
    public IdempotencyStore open(List<String> arguments) {
        return new ForgetfulStore(new JdbcStoreFactory().open(arguments));
    }

    private static final class ForgetfulStore extends ForwardingIdempotencyStore {

        ForgetfulStore(IdempotencyStore store) {
            super(store);
        }

        @Override
        public ClaimResult claim(ClaimRequest request) {
            return Integer.parseInt(request.key().value()) % 4 != 3
                    ? super.claim(request)
                    : super.claim(new ClaimRequest(
                            request.key(),
                            request.claimId(),
                            request.fingerprint(),
                            request.lease(),
                            request.mayTakeOver()));
        }

        @Override
        public boolean recordStep(Claim claim, RecordedStep step) {
            return step.name().equals(OrderPlan.COMPENSATE) || super.recordStep(claim, step);
        }
    }
}
