package io.idempotent.server;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;
import org.mariadb.jdbc.MariaDbDataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * A database of a server, and where to reach it. Nothing asks for a password.
 *
 * @param subprotocol of the JDBC URL: {@code postgresql} or {@code mariadb}
 * @param host where the server listens
 * @param port where the server listens
 * @param name the database's
 * @param user who connects
 */
public record Database(String subprotocol, String host, int port, String name, String user) {

    /** The JDBC URL, user included. */
    public String url() {
        return "jdbc:%s://%s:%d/%s?user=%s".formatted(subprotocol, host, port, name, user);
    }

    /** The same database, reached through another port: a {@link TcpProxy}'s. */
    public Database through(TcpProxy proxy) {
        return new Database(subprotocol, proxy.host(), proxy.port(), name, user);
    }

    /** A source of connections without a pool: each is new, and closed when it is closed. */
    public DataSource dataSource() {
        try {
            if (subprotocol.equals("mariadb")) {
                return new MariaDbDataSource(url());
            }
            PGSimpleDataSource dataSource = new PGSimpleDataSource();
            dataSource.setUrl(url());
            return dataSource;
        } catch (SQLException failure) {
            throw new IllegalStateException("Not a URL: " + url(), failure);
        }
    }

    /** Like {@link #dataSource()}; a connection that waits longer than that for an answer breaks. */
    public DataSource dataSource(Duration patience) {
        DataSource dataSource = dataSource();
        return (DataSource) Proxy.newProxyInstance(
                Database.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    try {
                        Object result = method.invoke(dataSource, arguments);
                        if (result instanceof Connection connection) {
                            connection.setNetworkTimeout(Runnable::run, (int) patience.toMillis());
                        }
                        return result;
                    } catch (InvocationTargetException thrown) {
                        throw thrown.getCause();
                    }
                });
    }
}
