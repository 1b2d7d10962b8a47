package io.idempotent.spring.aot;

import io.idempotent.spring.annotation.Idempotent;
import org.springframework.jdbc.core.simple.JdbcClient;
import org.springframework.transaction.annotation.Transactional;

/** A bean whose records commit together with what it writes. */
class AtomicOrders {

    private final JdbcClient jdbc;

    AtomicOrders(JdbcClient jdbc) {
        this.jdbc = jdbc;
    }

    @Transactional
    @Idempotent(key = "#id", operation = "atomic-order", store = "jdbc", atomic = true)
    int order(String id) {
        jdbc.sql("insert into purchase (id) values (?)").param(id).update();
        return count();
    }

    int count() {
        return jdbc.sql("select count(*) from purchase").query(Integer.class).single();
    }
}
