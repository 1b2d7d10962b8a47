package io.idempotent.store.jdbc;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A statement whose parameters have names, as {@code :key}: dialects order them as they need. Immutable.
 */
final class Sql {

    private static final Pattern PARAMETER = Pattern.compile(":([A-Za-z]+)");

    private final String text;
    private final List<String> names;
    private final boolean timedByDatabase;

    /**
     * Makes a statement.
     *
     * @param template its text
     * @param timedByDatabase whether the driver has the database end it in time
     */
    Sql(String template, boolean timedByDatabase) {
        List<String> found = new ArrayList<>();
        Matcher matcher = PARAMETER.matcher(template);
        StringBuilder positional = new StringBuilder();
        while (matcher.find()) {
            found.add(matcher.group(1));
            matcher.appendReplacement(positional, "?");
        }
        this.text = matcher.appendTail(positional).toString();
        this.names = List.copyOf(found);
        this.timedByDatabase = timedByDatabase;
    }

    /** Prepares the statement; it fails when it takes longer than the timeout. */
    Call on(Connection connection, int timeoutSeconds) throws SQLException {
        if (!timedByDatabase) {
            return on(connection, TimeUnit.SECONDS.toNanos(timeoutSeconds));
        }
        PreparedStatement statement = connection.prepareStatement(text);
        try {
            statement.setQueryTimeout(timeoutSeconds);
        } catch (SQLException | RuntimeException failure) {
            statement.close();
            throw failure;
        }
        return new Call(statement, names, 0);
    }

    /** Prepares the statement; it is cancelled when it takes longer than so many nanoseconds. */
    Call on(Connection connection, long timeoutNanos) throws SQLException {
        return new Call(connection.prepareStatement(text), names, timeoutNanos);
    }

    /** Whether there is a parameter of this name. */
    boolean names(String parameter) {
        return names.contains(parameter);
    }

    @Override
    public String toString() {
        return text;
    }

    /** One use of a statement. Closing it closes its result. */
    static final class Call implements AutoCloseable {

        private final PreparedStatement statement;
        private final List<String> names;
        private final long timeoutNanos;

        /** Makes a use of a statement, which is to be cancelled when it takes longer, or is not if that is zero. */
        private Call(PreparedStatement statement, List<String> names, long timeoutNanos) {
            this.statement = statement;
            this.names = names;
            this.timeoutNanos = timeoutNanos;
        }

        /** Sets a parameter wherever it occurs: a {@code long}, an {@code int}, text or bytes; null is a text's. */
        Call set(String name, @Nullable Object value) throws SQLException {
            return setEach(name, Collections.singletonList(value));
        }

        /** Sets a parameter wherever it occurs to bytes, or to none. */
        Call setBytes(String name, byte @Nullable [] value) throws SQLException {
            for (int index = 0; index < names.size(); index++) {
                if (names.get(index).equals(name)) {
                    statement.setBytes(index + 1, value);
                }
            }
            return this;
        }

        /** Sets a parameter to one value after the other where it occurs, beginning again after the last. */
        Call setEach(String name, List<? extends @Nullable Object> values) throws SQLException {
            int known = 0;
            for (int index = 0; index < names.size(); index++) {
                if (names.get(index).equals(name)) {
                    set(index + 1, values.get(known++ % values.size()));
                }
            }
            if (known == 0) {
                throw new IllegalArgumentException("The statement has no parameter '" + name + "'");
            }
            return this;
        }

        private void set(int position, @Nullable Object value) throws SQLException {
            if (value instanceof Long number) {
                statement.setLong(position, number);
            } else if (value instanceof Integer number) {
                statement.setInt(position, number);
            } else if (value instanceof byte[] bytes) {
                statement.setBytes(position, bytes);
            } else if (value instanceof String characters) {
                statement.setString(position, characters);
            } else if (value == null) {
                statement.setNull(position, Types.VARCHAR);
            } else {
                throw new IllegalArgumentException("A parameter cannot be of " + value.getClass());
            }
        }

        ResultSet query() throws SQLException {
            return inTime(statement::executeQuery);
        }

        int update() throws SQLException {
            return inTime(statement::executeUpdate);
        }

        private interface Execution<T> {
            T execute() throws SQLException;
        }

        private <T> T inTime(Execution<T> execution) throws SQLException {
            if (timeoutNanos == 0) {
                return execution.execute();
            }
            StatementTimeouts.Running running = StatementTimeouts.SHARED.begin(statement, timeoutNanos);
            try {
                return execution.execute();
            } finally {
                running.end();
            }
        }

        @Override
        public void close() throws SQLException {
            statement.close();
        }
    }
}
