package io.idempotent.store.jdbc;

/** Locked records on H2. */
final class H2LockedRecordsTest extends LockedRecordsContract {

    H2LockedRecordsTest() {
        super(TestDatabase.H2);
    }
}
