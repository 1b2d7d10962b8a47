package io.idempotent.server;

/** A server of databases that tests and samples can have databases of their own on. Safe for use by many threads. */
public interface DatabaseServer {

    /** Where it listens. */
    String host();

    /** Where it listens. */
    int port();

    /**
     * Makes an empty database, which no other caller gets.
     *
     * @param name how the database's name begins: lower-case letters, digits and underscores
     * @return the new database
     */
    Database newDatabase(String name);
}
