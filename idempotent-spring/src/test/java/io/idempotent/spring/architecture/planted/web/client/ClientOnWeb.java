package io.idempotent.spring.architecture.planted.web.client;

import io.idempotent.spring.architecture.planted.web.WebOnExpression;

/** Breaks: a client knows no servers. */
public final class ClientOnWeb {

    WebOnExpression dependency;
}
