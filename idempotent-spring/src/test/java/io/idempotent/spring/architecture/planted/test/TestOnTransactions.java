package io.idempotent.spring.architecture.planted.test;

import org.springframework.transaction.TransactionDefinition;

/** Breaks: test support needs the core only. */
public final class TestOnTransactions {

    TransactionDefinition dependency;
}
