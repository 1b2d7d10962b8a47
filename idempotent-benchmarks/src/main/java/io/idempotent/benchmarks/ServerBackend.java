package io.idempotent.benchmarks;

import java.util.Optional;
import javax.sql.DataSource;

/** A server with a store on it. */
public interface ServerBackend extends Backend {

    /** Those that claim by a store like that, whose statements are heard. */
    Claimant heardBy(StatementRecorder recorder);

    /** One that does the same as the store by hand. */
    Claimant byHand();

    /** The database's connections; empty where there is no database. */
    Optional<DataSource> database();
}
