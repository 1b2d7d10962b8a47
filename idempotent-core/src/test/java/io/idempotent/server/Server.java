package io.idempotent.server;

import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The real servers, and which of them the tests of this build run on.
 *
 * <p>The system property {@code servers} lists them by their ids, with commas: {@code -Dservers=postgres-18,redis}.
 * Unset, all are wanted; {@code none} is none. A wanted server that cannot start fails the tests that need it.
 */
public enum Server {
    POSTGRES_15("postgres-15", "PostgreSQL 15"),
    POSTGRES_18("postgres-18", "PostgreSQL 18"),
    MARIADB("mariadb", "MariaDB"),
    REDIS("redis", "Redis");

    private static final String NONE = "none";

    private final String id;
    private final String title;

    Server(String id, String title) {
        this.id = id;
        this.title = title;
    }

    /** The name in {@code -Dservers}. */
    public String id() {
        return id;
    }

    /** Whether tests are to run on it. */
    public boolean isWanted() {
        return wanted().contains(this);
    }

    /**
     * The servers that tests are to run on.
     *
     * @throws IllegalArgumentException if {@code -Dservers} names one that is not known
     */
    public static Set<Server> wanted() {
        String list = System.getProperty("servers");
        return list == null ? EnumSet.allOf(Server.class) : parse(list);
    }

    static Set<Server> parse(String list) {
        Set<Server> servers = EnumSet.noneOf(Server.class);
        if (list.equals(NONE)) {
            return servers;
        }
        for (String name : list.split(",", -1)) {
            servers.add(Stream.of(values())
                    .filter(server -> server.id.equals(name.strip()))
                    .findAny()
                    .orElseThrow(() -> new IllegalArgumentException("-Dservers=" + list + " names '" + name.strip()
                            + "'; known are " + ids(EnumSet.allOf(Server.class)) + ", and none")));
        }
        return servers;
    }

    /** What to throw when it does not start: says which, why, and how to do without it. */
    ServerException doesNotStart(String reason, Throwable cause) {
        Set<Server> others = EnumSet.copyOf(wanted());
        others.remove(this);
        return new ServerException(
                "%s does not start on %s %s: %s. To leave it out: -Dservers=%s"
                        .formatted(
                                title,
                                System.getProperty("os.name"),
                                System.getProperty("os.arch"),
                                reason,
                                others.isEmpty() ? NONE : ids(others)),
                cause);
    }

    void requireWanted() {
        if (!isWanted()) {
            throw new IllegalStateException("%s is not among -Dservers=%s; @NeedsServer(Server.%s) skips what needs it"
                    .formatted(title, System.getProperty("servers"), name()));
        }
    }

    private static String ids(Set<Server> servers) {
        return servers.stream().map(Server::id).collect(Collectors.joining(","));
    }

    @Override
    public String toString() {
        return title;
    }
}
