package io.idempotent.store.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import java.sql.SQLTimeoutException;
import org.junit.jupiter.api.Test;

/** Which failures say that another transaction holds a row. */
class SqlFailureTest {

    @Test
    void aLockThatWasNotToBeHadIsToldApartFromAStatementThatTookTooLong() {
        assertThat(SqlFailure.isLocked(SqlFailure.locked())).isTrue();
        assertThat(SqlFailure.isLocked(new SQLException("MariaDB: lock wait timeout", "HY000", 1205)))
                .isTrue();
        assertThat(SqlFailure.isLocked(new SQLTimeoutException("H2: lock", "HYT00", 50200)))
                .isTrue();
        assertThat(SqlFailure.isLocked(new SQLTimeoutException("MySQL: canceled by its driver")))
                .isTrue();
        assertThat(SqlFailure.isLocked(new SQLTimeoutException("MariaDB: max_statement_time", "70100", 1969)))
                .isFalse();
        assertThat(SqlFailure.isLocked(new SQLException("PostgreSQL: canceled", "57014")))
                .isFalse();
        assertThat(SqlFailure.isLocked(new SQLTimeoutException("H2: canceled", "57014", 57014)))
                .isFalse();
    }
}
