package io.idempotent.store.jdbc;

/** When a store makes its table where there is none. */
public enum SchemaInitialization {
    /** In any database, whose user has to be allowed to. */
    ALWAYS,

    /** In a database that lives in this JVM only, which nobody else could make it in. */
    EMBEDDED,

    /** Never: it is made with the SQL that is shipped, by Flyway or Liquibase say. */
    NEVER
}
