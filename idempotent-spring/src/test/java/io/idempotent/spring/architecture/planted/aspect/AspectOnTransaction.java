package io.idempotent.spring.architecture.planted.aspect;

import io.idempotent.spring.architecture.planted.transaction.TransactionOnExpression;

/** Breaks: transactions are optional, and nobody depends on what knows them. */
public final class AspectOnTransaction {

    TransactionOnExpression dependency;
}
