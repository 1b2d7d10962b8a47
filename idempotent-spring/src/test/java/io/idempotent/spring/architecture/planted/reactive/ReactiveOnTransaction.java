package io.idempotent.spring.architecture.planted.reactive;

import io.idempotent.spring.architecture.planted.transaction.TransactionOnExpression;

/** Breaks: what adapts reactive types knows nothing of how calls and transactions of threads go together. */
public final class ReactiveOnTransaction {

    TransactionOnExpression dependency;
}
