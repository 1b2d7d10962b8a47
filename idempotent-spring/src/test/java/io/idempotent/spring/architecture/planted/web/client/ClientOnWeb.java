package io.idempotent.spring.architecture.planted.web.client;

import io.idempotent.spring.architecture.planted.web.WebOnInterceptor;

/** Breaks: a client knows no servers. */
public final class ClientOnWeb {

    WebOnInterceptor dependency;
}
