package io.idempotent.benchmarks;

import io.idempotent.store.Claim;
import java.util.List;

/** A store that can be filled. */
public interface Backend extends AutoCloseable {

    /** Those that claim by the store. */
    StoreClaimant store();

    /** Adds completed records of the first values of {@link StoreClaimant#value}, quickly. */
    void fill(int records) throws Exception;

    /** Removes records that are in progress, as if they had never been. */
    void remove(List<Claim> claims) throws Exception;

    /** Closes the connections; a server ends with the JVM. */
    @Override
    void close();
}
